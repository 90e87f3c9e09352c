import { isTerminal } from "../model/task.ts";
import type { Instance } from "../ports/runtime.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Why the agent itself stopped a container that was still wanted; "" when it did not. */
export type StopCause = "" | "unhealthy";

/** What an agent knows of a task, apart from its container. */
export interface LocalState {
  readonly state: TaskState;
  readonly stopCause: StopCause;
}

/** The one thing to do next for a task. */
export type Step =
  /** Say that the task has come to this state. An empty message leaves the one before. */
  | { readonly do: "report"; readonly state: TaskState; readonly message: string; readonly err: string }
  /** Get the image and make the container; then the task is READY. */
  | { readonly do: "prepare" }
  | { readonly do: "start" }
  /** Wait until the container or what is wanted changes. */
  | { readonly do: "watch" }
  | { readonly do: "stop"; readonly cause: StopCause }
  /** Remove the container. */
  | { readonly do: "remove" }
  /** Wait until something else is wanted. */
  | { readonly do: "rest" };

/** What follows from where a task is, where its container is, and where the manager wants the task to be. */
export function nextStep(local: LocalState, instance: Instance | undefined, desired: TaskState): Step {
  if (isTerminal(local.state)) return afterEnd(instance, desired);
  if (desired >= TaskState.SHUTDOWN) return shutDown(instance);
  if (local.state < TaskState.ACCEPTED) return report(TaskState.ACCEPTED, "accepted");
  if (local.state < TaskState.PREPARING) return report(TaskState.PREPARING, "preparing");
  // A container that runs or has run was prepared, before the agent was restarted.
  if (local.state < TaskState.READY) return began(instance) ? report(TaskState.READY, "prepared") : { do: "prepare" };
  if (local.state < TaskState.STARTING) return ready(instance, desired);
  if (local.state < TaskState.RUNNING) return starting(instance, local.stopCause);
  return running(instance, local.stopCause);
}

/** The text for a container that ended, as Docker words it. */
export function exitText(exitCode: number, reason: string): string {
  const text = `task: non-zero exit (${exitCode})`;
  return reason === "" ? text : `${text}: ${reason}`;
}

function afterEnd(instance: Instance | undefined, desired: TaskState): Step {
  if (instance?.state === "running") return { do: "stop", cause: "" };
  if (!instance) return { do: "rest" };
  // One that never ran has no log, but the task's secrets may wait for it.
  if (instance.state === "created") return { do: "remove" };
  // Containers of ended tasks stay, for their logs, until the manager forgets the task. Should somebody start one, it
  // would run beside what has taken its place.
  return { do: desired >= TaskState.REMOVE ? "remove" : "watch" };
}

function shutDown(instance: Instance | undefined): Step {
  if (instance?.state === "running") return { do: "stop", cause: "" };
  return report(TaskState.SHUTDOWN, "shutdown");
}

function ready(instance: Instance | undefined, desired: TaskState): Step {
  if (!instance) return { do: "prepare" };
  return desired < TaskState.RUNNING ? { do: "rest" } : report(TaskState.STARTING, "starting");
}

function starting(instance: Instance | undefined, stopCause: StopCause): Step {
  if (instance?.state === "created") return { do: "start" };
  if (instance?.state !== "running") return ended(instance, stopCause);
  switch (instance.health) {
    case "none":
    case "healthy":
      return report(TaskState.RUNNING, "started");
    case "starting":
      return { do: "watch" };
    case "unhealthy":
      return { do: "stop", cause: "unhealthy" };
    default:
      return instance.health satisfies never;
  }
}

function running(instance: Instance | undefined, stopCause: StopCause): Step {
  if (instance?.state !== "running") return ended(instance, stopCause);
  return instance.health === "unhealthy" ? { do: "stop", cause: "unhealthy" } : { do: "watch" };
}

function ended(instance: Instance | undefined, stopCause: StopCause): Step {
  if (!instance) return failed("task: its container is gone");
  if (instance.state === "created") return failed("task: its container was replaced by one that never ran");
  if (stopCause === "unhealthy") return failed(exitText(instance.exitCode, "dockerexec: unhealthy container"));
  if (instance.exitCode !== 0 || instance.error !== "") return failed(exitText(instance.exitCode, instance.error));
  return report(TaskState.COMPLETE, "finished");
}

function began(instance: Instance | undefined): boolean {
  return instance !== undefined && instance.state !== "created";
}

function report(state: TaskState, message: string, err = ""): Step {
  return { do: "report", state, message, err };
}

/** SwarmKit: a failure keeps the message of the state it happened in. */
function failed(err: string): Step {
  return report(TaskState.FAILED, "", err);
}
