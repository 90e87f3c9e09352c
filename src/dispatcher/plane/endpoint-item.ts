import { create } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import { expandHostname } from "../../model/container-template.ts";
import type { Node } from "../../model/objects.ts";
import { occupiesNode, type Task, taskName } from "../../model/task.ts";
import { factsOf } from "../../model/template-facts.ts";
import { PortConfig_PublishMode as PublishMode, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type PlaneEndpoint, PlaneEndpointSchema } from "../../wire/gen/shoal/v1/network_pb.ts";
import { attachmentsOn } from "./items.ts";

/** A task is many nodes' endpoint: what most of them are told is made once. */
const known = new WeakMap<Task, PlaneEndpoint>();

/**
 * The task as nodes on the networks `on` are to know it; undefined when it has no container, or none of them. `node` is the one
 * it is on.
 */
export function endpointItem(task: Task, on: ReadonlySet<string>, node: Node | undefined): PlaneEndpoint | undefined {
  if (!occupiesNode(task)) return undefined;
  const here = task.networks.filter(({ network, addresses }) => network && addresses.length > 0 && on.has(network.id));
  if (here.length === 0) return undefined;
  if (here.length < task.networks.length) return makeItem(task, on, node);
  const item = known.get(task) ?? makeItem(task, on, node);
  known.set(task, item);
  return item;
}

/**
 * Whether the task is to get new connections: an agent says that it runs only once it is healthy, and what is to stop is told so
 * before its agent stops it.
 */
export function isReady({ status, desiredState }: Task): boolean {
  const isWanted = desiredState === TaskState.RUNNING || desiredState === TaskState.COMPLETE;
  return status.state === TaskState.RUNNING && isWanted;
}

/** Whether nodes are to be told something of the change: most changes of a task are of no interest to them. */
export function isEndpointNews(before: Task | undefined, after: Task | undefined): boolean {
  const was = before !== undefined && before.networks.length > 0 && occupiesNode(before);
  const is = after !== undefined && after.networks.length > 0 && occupiesNode(after);
  if (!was || !is) return was !== is;
  return (
    isReady(before) !== isReady(after) ||
    before.networks !== after.networks ||
    before.status.portStatus !== after.status.portStatus
  );
}

function makeItem(task: Task, on: ReadonlySet<string>, node: Node | undefined): PlaneEndpoint {
  const ports = task.status.portStatus?.ports ?? [];
  return create(PlaneEndpointSchema, {
    taskId: task.id,
    serviceId: task.serviceId,
    nodeId: task.nodeId,
    slot: task.slot,
    name: task.annotations.name || taskName(task),
    hostname: hostnameOf(task, node),
    ready: isReady(task),
    attachments: attachmentsOn(task.networks, on),
    reachable: ports.filter(port => port.publishMode === PublishMode.INGRESS),
  });
}

/** A host name that cannot be made is none: the agent says so when it makes the container. */
function hostnameOf(task: Task, node: Node | undefined): string {
  const { runtime } = task.spec;
  const hostname = runtime.case === "container" ? runtime.value.hostname : "";
  if (!hostname.includes("{{") || !node?.description) return hostname;
  try {
    return expandHostname(hostname, factsOf(task, node.description));
  } catch (error) {
    if (error instanceof Fault) return "";
    throw error;
  }
}
