import { NodeStatus_State, TaskState, UpdateStatus_UpdateState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { SimSwarm } from "./swarm.ts";

/** What a look at a swarm shows, for the messages of tests that fail. */
export function describeSwarm(swarm: SimSwarm): string {
  const hosts = swarm.hosts.map(({ name, isUp, machine, worker, self }) => {
    const containers = [...machine.containers.values()].map(({ instance }) => `${instance.taskId} ${instance.state}`);
    const link = worker?.link().connected ? "connected" : "not connected";
    return `${name} ${self.nodeId}: ${isUp ? link : "down"}; containers: ${containers.join(", ") || "none"}`;
  });
  return [...hosts, ...(swarm.isServed ? describeStore(swarm) : ["no manager serves"])].join("\n");
}

function describeStore(swarm: SimSwarm): string[] {
  return swarm.view(tx => {
    const nodes = [...tx.node.all()].map(
      ({ id, status }) => `node ${id} ${NodeStatus_State[status.state]} ${status.message}`,
    );
    const services = [...tx.service.all()].map(({ spec, updateStatus: update }) => {
      const state = update ? `${UpdateStatus_UpdateState[update.state]} ${update.message}` : "not updated";
      return `service ${spec.annotations.name}: ${state}`;
    });
    const tasks = [...tx.task.all()].map(
      task =>
        `${task.serviceAnnotations.name}.${task.slot} ${task.id} on ${task.nodeId} ${TaskState[task.status.state]} ` +
        `to be ${TaskState[task.desiredState]}: ${task.status.message} ${task.status.err}`,
    );
    return [...nodes, ...services, ...tasks.sort()];
  });
}
