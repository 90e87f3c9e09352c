import type { Network, Service } from "../../model/objects.ts";
import { isWanted, type Task } from "../../model/task.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { taskEventOf } from "../hints.ts";
import { type Context, type Decision, type Loop, nothing } from "../loop.ts";
import { type StatusChange, withStatus } from "../task-change.ts";
import type { Write } from "../write.ts";
import { endpointFor, hasEndpoint, othersThan } from "./endpoint.ts";
import { attachmentsFor } from "./networks.ts";

export interface AdmissionObservation {
  readonly service: Service | undefined;
  readonly tasks: readonly Task[];
  /** What is in the way of the service's ports; undefined when they are allocated, or about to be. */
  readonly portProblem: string | undefined;
  readonly networkOf: (id: string) => Network | undefined;
}

/**
 * Lets new tasks on to the scheduler once they have what the swarm must give them: NEW → PENDING. Keys are service ids;
 * "" stands for all tasks of no service.
 */
export const admissionLoop: Loop<AdmissionObservation> = {
  name: "admission",
  keysOf(event, tx) {
    if (event.kind === "service") return [event.object.id];
    if (event.kind === "network") return Array.from(tx.service.byNetwork(event.object.id), service => service.id);
    const change = taskEventOf(event);
    return change && !change.gone && isNew(change.task) ? [change.task.serviceId] : [];
  },
  *allKeys(tx) {
    for (const task of tx.task.all()) if (isNew(task)) yield task.serviceId;
  },
  observe(tx, key) {
    const tasks = [...tx.task.byService(key)].filter(isNew);
    if (tasks.length === 0) return undefined;
    const service = tx.service.get(key);
    return {
      service,
      tasks,
      portProblem: service && portProblem(service, othersThan(service, tx)),
      networkOf: id => tx.network.get(id),
    };
  },
  decide: decideAdmission,
};

function isNew(task: Task): boolean {
  return task.status.state === TaskState.NEW && isWanted(task);
}

function portProblem(service: Service, others: Iterable<Service>): string | undefined {
  if (hasEndpoint(service)) return undefined;
  const endpoint = endpointFor(service, others);
  return "text" in endpoint ? endpoint.text : undefined;
}

export function decideAdmission(observation: AdmissionObservation, { now, maxWrites }: Context): Decision {
  const { service, portProblem: problem } = observation;
  // The ports are about to be allocated: that change of the service brings us back.
  if (service && !hasEndpoint(service) && problem === undefined) return nothing;
  const writes: Write[] = [];
  for (const task of observation.tasks) {
    if (writes.length >= maxWrites) break;
    const admitted = problem === undefined ? admit(task, observation, now) : held(task, "published port", problem, now);
    if (admitted) writes.push({ kind: "update task", task: admitted });
  }
  return { writes };
}

/** The task as it goes on, or as it waits; undefined when it waits already and says why. */
function admit(task: Task, { service, networkOf }: AdmissionObservation, now: number): Task | undefined {
  const networks = attachmentsFor(task, service, networkOf);
  if ("text" in networks) return held(task, "network", networks.text, now);
  const endpoint = service?.endpoint ?? task.endpoint;
  const pending = { state: TaskState.PENDING, message: "pending task scheduling", err: "" };
  return withStatus({ ...task, networks, ...(endpoint && { endpoint }) }, pending, now);
}

function held(task: Task, missing: string, err: string, now: number): Task | undefined {
  const change: StatusChange = { message: `waiting for a ${missing}`, err };
  const told = task.status.err === change.err && task.status.message === change.message;
  return told ? undefined : withStatus(task, change, now);
}
