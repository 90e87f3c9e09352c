import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { newId } from "../lib/ids.ts";
import { isOverlay } from "../model/network.ts";
import { isOurs } from "../model/node-plane.ts";
import { type Network, newMeta } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { CallContext, Handlers } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import type { ReadTx } from "../store/tx.ts";
import { TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { AttachNetworkRequest, ResourceAllocator } from "../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  type NetworkAttachmentConfig,
  TaskState,
  TaskStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** How long the answer to who wants to be attached waits for a place, in milliseconds. Engines wait 20 s for all of it. */
const patienceMs = 5_000;

export interface ResourceAllocatorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Puts containers that no service made onto networks that are attachable: each is a task without a service, on the node that
 * asks. A node asks for its own containers, and lets go of them, alone. Texts are SwarmKit's.
 */
export function resourceAllocator(options: ResourceAllocatorOptions): Handlers<typeof ResourceAllocator> {
  return {
    attachNetwork: (request, context) => attach(options, request, context),
    async detachNetwork({ attachmentId }, context) {
      const nodeId = callerOf(context);
      if (attachmentId === "") throw new Fault("invalid_argument", "invalid argument");
      await options.store.update(tx => {
        const task = tx.task.get(attachmentId);
        if (task?.spec.runtime.case !== "attachment")
          throw new Fault("not_found", `attachment ${attachmentId} not found`);
        if (task.nodeId !== nodeId)
          throw new Fault("permission_denied", `attachment ${attachmentId} doesn't belong to this node`);
        tx.task.remove(attachmentId);
      });
      return {};
    },
  };
}

async function attach(
  options: ResourceAllocatorOptions,
  { config, containerId }: AttachNetworkRequest,
  context: CallContext,
): Promise<{ attachmentId: string }> {
  const { store, clock, random } = options;
  const nodeId = callerOf(context);
  if (!config) throw new Fault("invalid_argument", "invalid argument");
  const id = newId(random);
  await store.update(tx => {
    const network = attachable(tx, config.target, nodeId);
    tx.task.create(newAttachment({ id, nodeId, containerId, now: clock.now() }, { ...config, target: network.id }));
  });
  const obstacle = await obstacleTo(id, options, context.signal);
  if (obstacle === undefined) return { attachmentId: id };
  await store.update(tx => tx.task.get(id) && tx.task.remove(id));
  throw new Fault("failed_precondition", obstacle);
}

function callerOf({ caller }: CallContext): string {
  if (!caller) throw new Fault("unauthenticated", "only nodes of the swarm attach containers");
  return caller.nodeId;
}

/** The network of this id, else of this name, if containers of the node's may be attached to it. */
function attachable(tx: ReadTx, target: string, nodeId: string): Network {
  const named = [...tx.network.all()].filter(({ spec }) => spec.annotations.name === target);
  const network = tx.network.get(target) ?? (named.length === 1 ? named[0] : undefined);
  if (!network) throw new Fault("not_found", `network ${target} not found`);
  if (!network.spec.attachable) throw new Fault("permission_denied", `network ${target} not manually attachable`);
  const node = tx.node.get(nodeId);
  if (!node) throw new Fault("not_found", `node ${nodeId} not found`);
  if (isOverlay(network) && !isOurs(node))
    throw new Fault("failed_precondition", `network ${target} reaches no stock engine: its nodes run Shoal`);
  return network;
}

interface Attached {
  readonly id: string;
  readonly nodeId: string;
  readonly containerId: string;
  /** Milliseconds. */
  readonly now: number;
}

/** It is called what it is called on the network first of all: nodes of ours give the container's name there. */
function newAttachment({ id, nodeId, containerId, now }: Attached, config: NetworkAttachmentConfig): Task {
  const status = { state: TaskState.NEW, message: "created", timestamp: toTimestamp(now) };
  const runtime = { case: "attachment" as const, value: { containerId } };
  return {
    ...create(TaskSchema, { id, nodeId, desiredState: TaskState.RUNNING }),
    meta: newMeta(),
    spec: create(TaskSpecSchema, { runtime, networks: [config] }),
    status: create(TaskStatusSchema, status),
    annotations: create(AnnotationsSchema, { name: config.aliases[0] ?? "" }),
    serviceAnnotations: create(AnnotationsSchema, {}),
  };
}

/** Why the attachment has no place; undefined once it has one, or when nothing is said of it in time. */
async function obstacleTo(
  id: string,
  { store, clock }: ResourceAllocatorOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const over = new AbortController();
  const look = (): string | undefined => {
    const task = store.view(tx => tx.task.get(id));
    if (!task || task.status.state >= TaskState.ASSIGNED || task.status.err !== "") over.abort();
    return task && task.status.state < TaskState.ASSIGNED && task.status.err !== "" ? task.status.err : undefined;
  };
  const unsubscribe = store.onCommit(
    events => {
      if (events.some(({ object }) => object.id === id)) look();
    },
    ["task"],
  );
  look();
  await sleep(clock, patienceMs, AbortSignal.any([over.signal, signal]));
  unsubscribe();
  return look();
}
