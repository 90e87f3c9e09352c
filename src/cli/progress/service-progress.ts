import type { NodeView, ServiceView, TaskView } from "../types.ts";

/** How far a service is on its way to what its spec asks for. */
export interface Progress {
  readonly state: "waiting" | "done" | "failed";
  /** Tasks that run, or that ended as they should. */
  readonly settled: number;
  /** Tasks that there are to be; undefined while nobody knows. */
  readonly wanted: number | undefined;
  /** What it waits for, or why it failed; "" when there is nothing to say. */
  readonly reason: string;
}

/**
 * Failures in one place, with no task that runs there, after which nobody expects it to get better by itself. Services often
 * fail until what they need is there; by default the swarm keeps this many ended tasks beside the one that is to follow.
 */
const crashesTolerated = 4;

/** What a task says that has failed too often: it counts those that the swarm has forgotten too. */
const crashesInARow = /\bfailed (\d+) times in a row\b/;

const ended = new Set(["complete", "failed", "rejected", "shutdown", "orphaned", "remove"]);
const broken = new Set(["failed", "rejected"]);

/** `tasks` are the service's up-to-date ones; those on nodes that are down are not counted on. */
export function progressOf(service: ServiceView, tasks: readonly TaskView[], nodes: readonly NodeView[]): Progress {
  const down = new Set(nodes.filter(node => node.Status.State === "down").map(node => node.ID));
  const counted = tasks.filter(task => !down.has(task.NodeID ?? "") && isOfThisRun(task, service));
  const places = [...byPlace(counted).values()].map(place => placeState(place, service));
  const settled = places.filter(({ state }) => state === "settled").length;
  const wanted = wantedOf(service, places.length);
  const paused = pausedReason(service);
  if (paused) return { state: "failed", settled, wanted, reason: paused };
  const failed = places.find(({ state }) => state === "failed");
  if (failed) return { state: "failed", settled, wanted, reason: failed.reason };
  const reason = places.find(place => place.state === "waiting" && place.reason)?.reason ?? "";
  const updating = ["updating", "rollback_started"].includes(service.UpdateStatus?.State ?? "");
  const done = settled === wanted && !updating;
  return { state: done ? "done" : "waiting", settled, wanted, reason: done ? "" : reason };
}

function pausedReason({ UpdateStatus: { State = "", Message = "" } = {} }: ServiceView): string {
  if (State === "paused") return `service update paused: ${Message}`;
  return State === "rollback_paused" ? `service rollback paused: ${Message}` : "";
}

/** How many tasks there are to be shows for a global service only once it has some. */
function wantedOf({ Spec: { Mode = {} } }: ServiceView, places: number): number | undefined {
  if (Mode.Replicated) return Mode.Replicated.Replicas ?? 1;
  if (Mode.ReplicatedJob) return Mode.ReplicatedJob.TotalCompletions ?? 1;
  return places > 0 ? places : undefined;
}

/** A job's tasks of earlier runs do not count. */
function isOfThisRun(task: TaskView, { JobStatus }: ServiceView): boolean {
  const run = JobStatus?.JobIteration?.Index;
  return run === undefined || task.JobIteration?.Index === run;
}

/** A slot's tasks, or a node's of a global service, the newest first. */
function byPlace(tasks: readonly TaskView[]): Map<string, TaskView[]> {
  const places = new Map<string, TaskView[]>();
  const newestFirst = [...tasks].sort((a, b) => Date.parse(b.Status.Timestamp) - Date.parse(a.Status.Timestamp));
  for (const task of newestFirst) {
    const place = String(task.Slot || task.NodeID);
    const others = places.get(place);
    if (others) others.push(task);
    else places.set(place, [task]);
  }
  return places;
}

interface PlaceState {
  readonly state: "settled" | "waiting" | "failed";
  readonly reason: string;
}

function placeState(tasks: readonly TaskView[], service: ServiceView): PlaceState {
  const isJob = Boolean(service.Spec.Mode?.ReplicatedJob ?? service.Spec.Mode?.GlobalJob);
  const wanted = tasks.filter(task => !ended.has(task.DesiredState) || isJob);
  if (!isJob && wanted.some(task => task.Status.State === "running")) return { state: "settled", reason: "" };
  if (tasks.some(task => task.Status.State === "complete") && (isJob || endsWell(service)))
    return { state: "settled", reason: "" };
  const failures = tasks.filter(task => broken.has(task.Status.State));
  const live = wanted.find(task => !ended.has(task.Status.State));
  const last = failures[0];
  const crashes = crashesOf(failures);
  if (
    last &&
    ((!live && givesUp(service, failures.length)) || (crashes >= crashesTolerated && goesOn(failures, service)))
  )
    return { state: "failed", reason: `a task failed ${times(crashes)}: ${reasonOf(last)}` };
  const waiting = live ?? last;
  return { state: "waiting", reason: waiting ? reasonOf(waiting) : "" };
}

function crashesOf(failures: readonly TaskView[]): number {
  const counted = failures.map(task => Number(crashesInARow.exec(task.Status.Err ?? "")?.[1] ?? 0));
  return Math.max(failures.length, ...counted);
}

/** Whether it fails still: what failed before somebody changed the service says nothing of what it does now. */
function goesOn(failures: readonly TaskView[], { UpdatedAt }: ServiceView): boolean {
  return failures.some(task => Date.parse(task.UpdatedAt) >= Date.parse(UpdatedAt));
}

/** Whether a task that ended without an error has done its work. */
function endsWell({ Spec }: ServiceView): boolean {
  const condition = policyOf(Spec.TaskTemplate.RestartPolicy).Condition;
  return condition === "on-failure" || condition === "none";
}

/** Whether a failed task is not tried again. */
function givesUp({ Spec }: ServiceView, failures: number): boolean {
  const { Condition, MaxAttempts = 0 } = policyOf(Spec.TaskTemplate.RestartPolicy);
  return Condition === "none" || (MaxAttempts > 0 && failures > MaxAttempts);
}

function policyOf(policy: unknown): { Condition?: string; MaxAttempts?: number } {
  return typeof policy === "object" && policy !== null ? policy : {};
}

/** A task that has not got anywhere yet says what it waits for; "running" and the like explain nothing. */
function reasonOf({ Status: { Err = "", Message, State } }: TaskView): string {
  if (Err) return Err;
  return State === "pending" || State === "preparing" || State === "starting" ? Message : "";
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
