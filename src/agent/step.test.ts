import { describe, expect, it } from "vitest";
import type { Instance } from "../ports/runtime.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { nextStep, type Step, type StopCause } from "./step.ts";

const { ASSIGNED, ACCEPTED, PREPARING, READY, STARTING, RUNNING, COMPLETE } = TaskState;
const { SHUTDOWN, FAILED, REJECTED, REMOVE, ORPHANED } = TaskState;

function container(state: Instance["state"], more: Partial<Instance> = {}): Instance {
  return { taskId: "t", containerId: "c", state, health: "none", pid: 1, exitCode: 0, error: "", ports: [], ...more };
}

const none = undefined;
const created = container("created");
const runs = container("running");
const coming = container("running", { health: "starting" });
const well = container("running", { health: "healthy" });
const ill = container("running", { health: "unhealthy" });
const exited = (exitCode: number, error = ""): Instance => container("exited", { exitCode, error });

function short(step: Step): string {
  if (step.do === "report") return [TaskState[step.state], step.message, step.err].join("|");
  return step.do === "stop" ? `stop ${step.cause}`.trim() : step.do;
}

type Row = readonly [TaskState, Instance | undefined, TaskState, string, StopCause?];

const rows: readonly Row[] = [
  // On the way up.
  [ASSIGNED, none, RUNNING, "ACCEPTED|accepted|"],
  [ACCEPTED, none, RUNNING, "PREPARING|preparing|"],
  [PREPARING, none, RUNNING, "prepare"],
  [PREPARING, created, RUNNING, "prepare"],
  [READY, created, RUNNING, "STARTING|starting|"],
  [READY, none, RUNNING, "prepare"],
  [STARTING, created, RUNNING, "start"],
  [STARTING, runs, RUNNING, "RUNNING|started|"],
  [RUNNING, runs, RUNNING, "watch"],
  // Prepared ahead of time, to be started later.
  [ASSIGNED, none, READY, "ACCEPTED|accepted|"],
  [PREPARING, none, READY, "prepare"],
  [READY, created, READY, "rest"],
  // Found again by an agent that was restarted and had forgotten.
  [ASSIGNED, runs, RUNNING, "ACCEPTED|accepted|"],
  [PREPARING, runs, RUNNING, "READY|prepared|"],
  [PREPARING, exited(0), RUNNING, "READY|prepared|"],
  [READY, runs, RUNNING, "STARTING|starting|"],
  // Health.
  [STARTING, coming, RUNNING, "watch"],
  [STARTING, well, RUNNING, "RUNNING|started|"],
  [STARTING, ill, RUNNING, "stop unhealthy"],
  [RUNNING, well, RUNNING, "watch"],
  [RUNNING, coming, RUNNING, "watch"],
  [RUNNING, ill, RUNNING, "stop unhealthy"],
  [RUNNING, exited(143), RUNNING, "FAILED||task: non-zero exit (143): dockerexec: unhealthy container", "unhealthy"],
  [STARTING, exited(0), RUNNING, "FAILED||task: non-zero exit (0): dockerexec: unhealthy container", "unhealthy"],
  // Ends by itself.
  [RUNNING, exited(0), RUNNING, "COMPLETE|finished|"],
  [STARTING, exited(0), RUNNING, "COMPLETE|finished|"],
  [RUNNING, exited(0), COMPLETE, "COMPLETE|finished|"],
  [RUNNING, exited(1), RUNNING, "FAILED||task: non-zero exit (1)"],
  [STARTING, exited(3), RUNNING, "FAILED||task: non-zero exit (3)"],
  [RUNNING, exited(137, "out of memory"), RUNNING, "FAILED||task: non-zero exit (137): out of memory"],
  [RUNNING, none, RUNNING, "FAILED||task: its container is gone"],
  [STARTING, none, RUNNING, "FAILED||task: its container is gone"],
  [RUNNING, created, RUNNING, "FAILED||task: its container was replaced by one that never ran"],
  // Jobs want COMPLETE.
  [READY, created, COMPLETE, "STARTING|starting|"],
  [RUNNING, runs, COMPLETE, "watch"],
  // No longer wanted.
  [ASSIGNED, none, SHUTDOWN, "SHUTDOWN|shutdown|"],
  [PREPARING, none, SHUTDOWN, "SHUTDOWN|shutdown|"],
  [READY, created, SHUTDOWN, "SHUTDOWN|shutdown|"],
  [STARTING, coming, SHUTDOWN, "stop"],
  [RUNNING, runs, SHUTDOWN, "stop"],
  [RUNNING, exited(137), SHUTDOWN, "SHUTDOWN|shutdown|"],
  [RUNNING, exited(143), REMOVE, "SHUTDOWN|shutdown|", "unhealthy"],
  [RUNNING, none, REMOVE, "SHUTDOWN|shutdown|"],
  // Ended: nothing brings it back, and the container goes when the task goes.
  [COMPLETE, exited(0), RUNNING, "watch"],
  [FAILED, exited(1), RUNNING, "watch"],
  [REJECTED, none, RUNNING, "rest"],
  [SHUTDOWN, exited(143), SHUTDOWN, "watch"],
  [SHUTDOWN, exited(143), REMOVE, "remove"],
  [SHUTDOWN, created, REMOVE, "remove"],
  [SHUTDOWN, created, SHUTDOWN, "remove"],
  [FAILED, created, RUNNING, "remove"],
  [SHUTDOWN, none, REMOVE, "rest"],
  [SHUTDOWN, none, SHUTDOWN, "rest"],
  // Somebody started it again, or it was never stopped.
  [ORPHANED, runs, SHUTDOWN, "stop"],
  [FAILED, runs, RUNNING, "stop"],
];

describe("the next step of a task", () => {
  it.each(rows.map(row => [TaskState[row[0]], describeInstance(row[1]), TaskState[row[2]], row] as const))(
    "%s, container %s, wanted %s",
    (_state, _instance, _desired, [state, instance, desired, expected, stopCause = ""]) => {
      expect(short(nextStep({ state, stopCause }, instance, desired))).toBe(expected);
    },
  );

  it("never goes down, for any state and container", () => {
    const containers = [none, created, runs, coming, well, ill, exited(0), exited(1)];
    const states = [ASSIGNED, ACCEPTED, PREPARING, READY, STARTING, RUNNING, COMPLETE, SHUTDOWN, FAILED, REJECTED];
    for (const state of states)
      for (const instance of containers)
        for (const desired of [READY, RUNNING, COMPLETE, SHUTDOWN, REMOVE]) {
          const step = nextStep({ state, stopCause: "" }, instance, desired);
          if (step.do === "report") expect(step.state).toBeGreaterThan(state);
          if (step.do === "start" || step.do === "prepare") expect(state).toBeLessThan(RUNNING);
        }
  });
});

function describeInstance(instance: Instance | undefined): string {
  if (!instance) return "none";
  return instance.state === "exited" ? `exited ${instance.exitCode}` : `${instance.state} ${instance.health}`;
}
