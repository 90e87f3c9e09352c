import { type Api, filters } from "../api.ts";
import { CliError } from "../failure.ts";
import type { NodeView, ServiceView, TaskView } from "../types.ts";
import { Culprits } from "./culprits.ts";
import { Display } from "./display.ts";
import { type Progress, progressOf } from "./service-progress.ts";

/** How often the daemon is asked, in milliseconds. */
const pollMs = 200;

export interface WaitOptions {
  /** The API's filters for services; for tasks those of `tasks`. */
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly tasks: Readonly<Record<string, readonly string[]>>;
  /** Names of those of the services that are waited for; all of them without it. */
  readonly names?: ReadonlySet<string>;
  /** Services whose fresh tasks have to stay up for a while, and whose update must not be rolled back: ids. */
  readonly changed?: ReadonlySet<string>;
  /** Give up after that, in milliseconds; 0 for never. */
  readonly timeoutMs?: number;
  readonly quiet?: boolean;
}

/** How long tasks must have stayed up where the spec does not say, in nanoseconds: Docker's own. */
const defaultMonitorNs = 5e9;

/**
 * Waits until every service has the tasks it wants and its update is done. A CliError with the service and the reason when one
 * cannot get there, or the time is over.
 */
export async function waitForServices(api: Api, options: WaitOptions): Promise<void> {
  const display = new Display({ quiet: options.quiet ?? false });
  const culprits = new Culprits(api);
  const began = Date.now();
  let doneSince: number | undefined;
  for (;;) {
    const services = await look(api, options);
    display.show(services.map(lineOf));
    for (const { service } of services) await culprits.lookAt(service);
    const failures = services.flatMap(one => failureOf(one, options, culprits.errorOf(one.service)) ?? []);
    if (failures.length > 0) throw new CliError(failures.join("\n"));
    const now = Date.now();
    if (services.every(({ progress }) => progress.state === "done")) {
      doneSince ??= now;
      if (now - doneSince >= longestMonitorMs(services, options)) return;
    } else doneSince = undefined;
    if (options.timeoutMs && now - began > options.timeoutMs) throw timeout(services, options.timeoutMs);
    await new Promise(done => setTimeout(done, pollMs));
  }
}

interface Looked {
  readonly service: ServiceView;
  readonly progress: Progress;
}

async function look(api: Api, options: WaitOptions): Promise<Looked[]> {
  const [services, tasks, nodes] = await Promise.all([
    api.get<ServiceView[]>(`/services?${filters(options.services)}`),
    api.get<TaskView[]>(`/tasks?${filters({ ...options.tasks, "_up-to-date": ["true"] })}`),
    api.get<NodeView[]>("/nodes"),
  ]);
  const waitedFor = services.filter(({ Spec }) => options.names?.has(Spec.Name) ?? true);
  const sorted = waitedFor.sort((a, b) => (a.Spec.Name < b.Spec.Name ? -1 : 1));
  return sorted.map(service => {
    const own = tasks.filter(task => task.ServiceID === service.ID);
    return { service, progress: progressOf(service, own, nodes) };
  });
}

function lineOf({ service, progress: { settled, wanted, reason } }: Looked): string {
  const mode = service.Spec.Mode ?? {};
  const word = mode.ReplicatedJob || mode.GlobalJob ? "complete" : "running";
  return `${service.Spec.Name}: ${settled} of ${wanted ?? "?"} ${word}${reason ? ` (${reason})` : ""}`;
}

/** Why a service cannot get there; `error` is what the task died of that made its update stop, or "". */
function failureOf({ service, progress }: Looked, { changed }: WaitOptions, error: string): string | undefined {
  const { State = "", Message } = service.UpdateStatus ?? {};
  const rolledBack = changed?.has(service.ID) && State === "rollback_completed";
  if (!rolledBack && progress.state !== "failed") return undefined;
  const reason = rolledBack ? `service rolled back: ${Message}` : progress.reason;
  const died = error !== "" && (rolledBack || State.endsWith("paused")) ? `: ${error}` : "";
  return changed ? `${service.Spec.Name}: ${reason}${died}` : `${reason}${died}`;
}

function longestMonitorMs(services: readonly Looked[], { changed }: WaitOptions): number {
  const fresh = services.filter(({ service }) => changed?.has(service.ID));
  return Math.max(0, ...fresh.map(({ service }) => (monitorOf(service.Spec.UpdateConfig) ?? defaultMonitorNs) / 1e6));
}

function monitorOf(config: unknown): number | undefined {
  if (typeof config !== "object" || config === null || !("Monitor" in config)) return undefined;
  return typeof config.Monitor === "number" && config.Monitor > 0 ? config.Monitor : undefined;
}

function timeout(services: readonly Looked[], timeoutMs: number): CliError {
  const late = services.filter(({ progress }) => progress.state !== "done").map(lineOf);
  return new CliError(`not up after ${timeoutMs / 1000} s:\n  ${late.join("\n  ")}`);
}
