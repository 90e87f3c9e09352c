import type { Node, Service, Task, UpdateStatus } from "./objects.ts";
import { isCurrent, isWanted, lookOf } from "./task.ts";

export type Tone = "good" | "busy" | "warn" | "bad";

/** How a service stands, in figures and in a few words. */
export interface ServiceSummary {
  readonly mode: string;
  readonly running: number;
  /** Tasks wanted now; for jobs the completions wanted. */
  readonly desired: number;
  readonly completed: number;
  /** Of the desired ones those that are as they are meant to be, and how that is. */
  readonly done: number;
  readonly goal: "running" | "completed";
  readonly tone: Tone;
  /** What goes on with it, in a few words. */
  readonly says: string;
}

/** Where a service stands. `nodes` says how many a global one is to have. */
export function summarise(service: Service, tasks: Iterable<Task>, nodes: Iterable<Node>): ServiceSummary {
  const all = [...tasks];
  const current = all.filter(isCurrent);
  const running = current.filter(task => lookOf(task) === "running").length;
  const completed = all.filter(task => task.State === "complete" && isWanted(task)).length;
  const { mode, desired, isJob } = wanted(service, nodes);
  const reached = isJob
    ? ({ done: completed, goal: "completed" } as const)
    : ({ done: running, goal: "running" } as const);
  const counts = { mode, desired, running, completed, ...reached };
  const update = updateSays(service.UpdateStatus);
  if (update) return { ...counts, ...update };
  if (isJob && completed >= desired) return { ...counts, tone: "good", says: "completed" };
  if (running >= desired) return { ...counts, tone: "good", says: desired === 0 ? "scaled to none" : "running" };
  const stuck = current.some(task => lookOf(task) === "waiting" && task.Err);
  if (stuck) return { ...counts, tone: "bad", says: "waits for a node" };
  if (all.some(task => lookOf(task) === "failed")) return { ...counts, tone: "bad", says: "restarting" };
  return { ...counts, tone: "busy", says: isJob ? "at work" : "starting" };
}

function wanted({ Spec: { Mode } }: Service, nodes: Iterable<Node>) {
  if (Mode.Replicated) return { mode: "replicated", desired: Mode.Replicated.Replicas ?? 0, isJob: false };
  if (Mode.ReplicatedJob)
    return { mode: "replicated job", desired: Mode.ReplicatedJob.TotalCompletions ?? 0, isJob: true };
  const usable = [...nodes].filter(node => node.Spec.Availability !== "drain" && node.Status.State === "ready").length;
  return Mode.GlobalJob
    ? { mode: "global job", desired: usable, isJob: true }
    : { mode: "global", desired: usable, isJob: false };
}

function updateSays(status: UpdateStatus | undefined): { readonly tone: Tone; readonly says: string } | undefined {
  const state = status?.State;
  switch (state) {
    case "updating":
      return { tone: "busy", says: "updating" };
    case "rollback_started":
      return { tone: "warn", says: "rolling back" };
    case "paused":
      return { tone: "bad", says: "update paused" };
    case "rollback_paused":
      return { tone: "bad", says: "rollback paused" };
    case "completed":
    case "rollback_completed":
    case undefined:
      return undefined;
    default:
      return state satisfies never;
  }
}

/** The stack it belongs to; "" for none. */
export function stackOf({ Spec: { Labels } }: Service): string {
  return Labels?.["com.docker.stack.namespace"] ?? "";
}

/** The image as people say it: without the digest. */
export function imageOf({ Spec: { TaskTemplate } }: Service): string {
  return (TaskTemplate.ContainerSpec?.Image ?? "").replace(/@sha256:[0-9a-f]+$/, "");
}
