import type { Node } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import type { ReadTx } from "../store/tx.ts";
import {
  NodeStatus_State as NodeState,
  PortConfig_Protocol as Protocol,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { PortInUse } from "../wire/gen/shoal/v1/doctor_pb.ts";

/*
 * Published ports that something else on a node listens on, as clients see them: said of the node, and of the service by its tasks.
 * None of it is stored: the nodes tell the leader, for as long as it is so.
 */

/** By node. */
export type PortsInUse = ReadonlyMap<string, readonly PortInUse[]>;

const protocolNames = { [Protocol.TCP]: "tcp", [Protocol.UDP]: "udp", [Protocol.SCTP]: "sctp" } as const;

/** The node, its status saying which ports of the mesh's it has another use for. */
export function withPortsInUse(tx: ReadTx, node: Node, inUse: PortsInUse): Node {
  const ports = inUse.get(node.id);
  if (!ports || node.status.state !== NodeState.READY || node.status.message !== "") return node;
  const texts = ports.map(port => {
    const service = tx.service.get(port.serviceId)?.spec.annotations.name ?? port.serviceId;
    return `port ${nameOf(port)}, published by service ${service}, is in use here${by(port)}: calls go to the service`;
  });
  return { ...node, status: { ...node.status, message: texts.join("; ") } };
}

/**
 * The tasks, those of services that publish such a port saying so, though they run: those on the node that has the other use for
 * it or, without one there, the service's first.
 */
export function explained(tx: ReadTx, tasks: Task[], inUse: PortsInUse): Task[] {
  if (inUse.size === 0) return tasks;
  const reasons = new Map<string, string[]>();
  for (const [nodeId, ports] of inUse) {
    const node = tx.node.get(nodeId)?.description?.hostname || nodeId;
    for (const port of ports) {
      const reason = `node ${node}: port ${nameOf(port)} is in use there${by(port)}: calls go to the service`;
      for (const { id } of speakersOf(tx, port.serviceId, nodeId))
        reasons.set(id, [...(reasons.get(id) ?? []), reason]);
    }
  }
  return tasks.map(task => {
    const own = reasons.get(task.id);
    return own && task.status.err === "" ? { ...task, status: { ...task.status, err: own.join("; ") } } : task;
  });
}

function speakersOf(tx: ReadTx, serviceId: string, nodeId: string): Task[] {
  const running = [...tx.task.byService(serviceId)].filter(
    ({ status, desiredState }) => status.state === TaskState.RUNNING && desiredState === TaskState.RUNNING,
  );
  const there = running.filter(task => task.nodeId === nodeId);
  if (there.length > 0) return there;
  return running.sort((a, b) => Number(a.slot - b.slot) || (a.id < b.id ? -1 : 1)).slice(0, 1);
}

function nameOf({ protocol, port }: PortInUse): string {
  return `${port}/${protocolNames[protocol]}`;
}

function by({ program }: PortInUse): string {
  return program === "" ? "" : ` by ${program}`;
}
