import type { Condition } from "../../model/depends-on.ts";
import type { Node, Service } from "../../model/objects.ts";
import { isWanted, type Task } from "../../model/task.ts";
import { NodeSpec_Availability as Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { suits } from "../global.ts";
import { currentIteration, iterationOf } from "../job-run.ts";
import { endedByItself, mayRestart } from "../restart-policy.ts";
import { isJob, modeOf } from "../service-mode.ts";
import { slotsOf } from "../slot.ts";

/** How far a service is on its way to a condition. */
export interface Progress {
  readonly done: number;
  readonly wanted: number;
  /** Why it will not get there by itself: the error of a task after which there is no other. */
  readonly failure: string | undefined;
}

/** `tasks`: all of the service. */
export function progressOf(
  service: Service,
  condition: Condition,
  tasks: Iterable<Task>,
  nodes: Iterable<Node>,
): Progress {
  const counted = [...tasks].filter(task => counts(task, service, condition));
  let done = 0;
  let failure: string | undefined;
  for (const { tasks: part } of slotsOf(counted).values()) {
    if (part.some(task => meets(task, condition))) done++;
    else if (condition === "completed") failure ??= finalFailure(part.at(-1));
  }
  const wanted = wantedOf(service, condition, nodes);
  return { done: Math.min(done, wanted), wanted, failure };
}

/** What ended well counts for the present run of a job, or the present spec of a service, alone. */
function counts(task: Task, service: Service, condition: Condition): boolean {
  if (isJob(service)) return iterationOf(task) === currentIteration(service);
  return condition !== "completed" || task.specVersion?.index === service.specVersion?.index;
}

function meets(task: Task, condition: Condition): boolean {
  const { state } = task.status;
  if (state === TaskState.COMPLETE) return true;
  switch (condition) {
    case "started":
      return isWanted(task) && (state === TaskState.STARTING || state === TaskState.RUNNING);
    case "healthy":
      return isWanted(task) && state === TaskState.RUNNING;
    case "completed":
      return false;
    default:
      return condition satisfies never;
  }
}

function finalFailure(last: Task | undefined): string | undefined {
  if (!last || !endedByItself(last) || mayRestart(last)) return undefined;
  return last.status.err || last.status.message;
}

function wantedOf(service: Service, condition: Condition, nodes: Iterable<Node>): number {
  const mode = modeOf(service);
  switch (mode.kind) {
    case "replicated":
      return mode.replicas;
    case "replicated-job":
      return condition === "completed" ? mode.total : Math.min(mode.concurrent, mode.total);
    case "global":
    case "global-job":
      return [...nodes].filter(node => node.spec.availability === Availability.ACTIVE && suits(node, service)).length;
    default:
      return mode satisfies never;
  }
}
