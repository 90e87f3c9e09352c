import type { ServiceView, TaskView } from "../types.ts";
import { isUp, type SwarmFacts } from "./facts.ts";
import { error, type Problem, warning } from "./problem.ts";

/** Failures in the kept history of one place that make a loop of them. */
const crashLoop = 3;
const broken = new Set(["failed", "rejected"]);
const ended = new Set(["complete", "failed", "rejected", "shutdown", "orphaned", "remove"]);

/** What keeps services from what they want, the same reasons of one service as one. */
export function serviceProblems(facts: SwarmFacts): Problem[] {
  const { services, tasks } = facts;
  return services
    .filter(service => !isUp(service, facts))
    .flatMap(service => {
      const own = tasks.filter(task => task.ServiceID === service.ID);
      const paused = pausedUpdate(service);
      // What waits in a loop waits for its next try.
      const looping = crashLoops(service, own);
      const found = [...paused, ...looping, ...(looping.length > 0 ? [] : waitingTasks(service, own))];
      return found.length > 0 ? found : [unexplained(service)];
    });
}

function pausedUpdate({ Spec: { Name }, UpdateStatus: { State = "", Message = "" } = {} }: ServiceView): Problem[] {
  if (!/paused$/.test(State)) return [];
  const next = `mend it with \`shoal service update ${Name}\`, or go back with \`shoal service rollback ${Name}\``;
  return [error(`service ${Name}`, `${State === "paused" ? "update" : "rollback"} paused: ${Message}`, next)];
}

function crashLoops({ Spec: { Name } }: ServiceView, tasks: readonly TaskView[]): Problem[] {
  const failures = tasks.filter(task => broken.has(task.Status.State));
  const places = new Map<string, number>();
  for (const task of failures) places.set(placeOf(task), (places.get(placeOf(task)) ?? 0) + 1);
  const worst = Math.max(0, ...places.values());
  if (worst < crashLoop) return [];
  const [last] = [...failures].sort((a, b) => Date.parse(b.Status.Timestamp) - Date.parse(a.Status.Timestamp));
  const reason = `tasks fail again and again (${failures.length} of late): ${last?.Status.Err ?? last?.Status.Message}`;
  return [
    error(`service ${Name}`, reason, `\`shoal service logs ${Name}\` and \`shoal service ps --no-trunc ${Name}\``),
  ];
}

const placeOf = (task: TaskView): string => String(task.Slot || task.NodeID);

/** Tasks that want to run and do not, by what they say they wait for. */
function waitingTasks({ Spec: { Name } }: ServiceView, tasks: readonly TaskView[]): Problem[] {
  const waiting = tasks.filter(task => !ended.has(task.DesiredState) && !ended.has(task.Status.State));
  const groups = new Map<string, number>();
  for (const { Status } of waiting) {
    if (Status.State === "running") continue;
    const reason = Status.Err || (Status.Message ? `${Status.State}: ${Status.Message}` : Status.State);
    groups.set(reason, (groups.get(reason) ?? 0) + 1);
  }
  return [...groups].map(([reason, count]) => {
    const waits = `${count} ${count === 1 ? "task waits" : "tasks wait"}: ${reason}`;
    return /no suitable node/.test(reason)
      ? error(`service ${Name}`, waits, nextFor(reason, Name))
      : warning(`service ${Name}`, waits, `\`shoal service ps --no-trunc ${Name}\``);
  });
}

/** What to do about a filter of the scheduler that turned nodes away. */
function nextFor(reason: string, name: string): string {
  if (/insufficient resources/.test(reason))
    return `lower its reservations with \`shoal service update --reserve-memory … ${name}\`, or add nodes`;
  if (/scheduling constraints/.test(reason))
    return `compare its constraints with \`shoal node inspect --pretty\`, or label nodes with \`shoal node update --label-add\``;
  if (/host-mode port|port already in use/.test(reason)) return "publish another port, or add nodes";
  if (/not available for new tasks/.test(reason))
    return "bring nodes back: `shoal node ls`, `shoal node update --availability active NODE`";
  return `\`shoal service ps --no-trunc ${name}\``;
}

function unexplained({ Spec: { Name }, ServiceStatus }: ServiceView): Problem {
  const { RunningTasks = 0, DesiredTasks = 0 } = ServiceStatus ?? {};
  return warning(`service ${Name}`, `${RunningTasks} of ${DesiredTasks} tasks run`, `\`shoal service ps ${Name}\``);
}
