import type { IncomingMessage, ServerResponse } from "node:http";
import { asFault, Fault } from "../lib/fault.ts";
import { sleep } from "../ports/clock.ts";
import { type Meters, noMeters } from "../ports/meters.ts";
import { Auditor } from "./audit.ts";
import type { AuditedCaller, AuditRecord } from "./audit-record.ts";
import { configRoutes } from "./configs/routes.ts";
import { containerRoutes } from "./containers/routes.ts";
import type { Doors } from "./context.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EventFeed } from "./events/feed.ts";
import { eventRoutes } from "./events/routes.ts";
import { type HostListener, listen, type OpenListener } from "./listener.ts";
import type { ListenerLimits } from "./listener-limits.ts";
import { type Obstacle, obstacleOf } from "./manager.ts";
import { networkRoutes } from "./networks/routes.ts";
import { nodeRoutes } from "./nodes/routes.ts";
import { commonHeaders } from "./reply.ts";
import { RouteTable } from "./router.ts";
import { secretRoutes } from "./secrets/routes.ts";
import { serviceRoutes } from "./services/routes.ts";
import { backupRoutes } from "./shoal/backup.ts";
import { DashboardPasses } from "./shoal/dashboard/passes.ts";
import { dashboardRoutes } from "./shoal/dashboard/routes.ts";
import { liveRoutes } from "./shoal/live/routes.ts";
import { netDoctorRoutes } from "./shoal/net-doctor.ts";
import { stackRoutes } from "./shoal/stacks/routes.ts";
import { usageRoutes } from "./shoal/usage/routes.ts";
import { swarmRoutes } from "./swarm/routes.ts";
import { infoRoutes } from "./system/info.ts";
import type { Machine } from "./system/machine.ts";
import { pingRoutes } from "./system/ping.ts";
import { versionRoutes } from "./system/version.ts";
import { taskRoutes } from "./tasks/routes.ts";

/** How long the engine's version is waited for before the API is served, in milliseconds. */
const versionWaitMs = 2_000;

export interface DockerApiOptions extends Doors {
  /** Where to listen. */
  readonly hosts: readonly HostListener[];
  readonly machine: Machine;
  /** What clients may take, where it is not the default. */
  readonly limits?: ListenerLimits;
  readonly meters?: Meters;
  /** Told of every call that may change something, when it is over. */
  readonly audit?: (record: AuditRecord) => void;
}

/** The running façade. */
export interface DockerApi {
  /** What is listened on, in the order of `hosts`: HOST:PORT or the socket's path. */
  readonly addresses: readonly string[];
  /** Whom dashboard tokens were given to. */
  readonly passes: DashboardPasses;
  /** What keeps this node from serving the swarm's API now; undefined when nothing does. */
  obstacle(): Obstacle | undefined;
  /** Answers a request that came in elsewhere, by `caller`, who may ask for it. */
  answer(request: IncomingMessage, response: ServerResponse, caller: AuditedCaller): void;
  /** Takes no more requests, ends streams, cuts connections. */
  close(): Promise<void>;
}

/**
 * Serves the Docker API: the swarm's part from `backend`, the rest by the node's engine. Fault unavailable when one of
 * the hosts cannot be listened on; then nothing is left open.
 */
export async function startDockerApi(options: DockerApiOptions): Promise<DockerApi> {
  const { backend, engine, containerNetworks, clock, log, machine, hosts } = options;
  const stopping = new AbortController();
  const feed = new EventFeed(backend, clock, log);
  const passes = new DashboardPasses(backend, clock);
  const routes = new RouteTable([
    ...pingRoutes,
    ...versionRoutes(machine),
    ...infoRoutes(machine),
    ...eventRoutes(feed),
    ...swarmRoutes,
    ...nodeRoutes,
    ...networkRoutes,
    ...containerRoutes,
    ...serviceRoutes,
    ...taskRoutes,
    ...secretRoutes,
    ...configRoutes,
    ...backupRoutes,
    ...netDoctorRoutes,
    ...liveRoutes(),
    ...stackRoutes,
    ...usageRoutes(),
    ...dashboardRoutes(passes),
  ]);
  const dispatcher = new Dispatcher({
    doors: { backend, engine, clock, log, ...(containerNetworks && { containerNetworks }) },
    routes,
    headers: commonHeaders(await serverVersion(options)),
    stopping: stopping.signal,
    auditor: new Auditor(options.audit, clock),
    meters: options.meters ?? noMeters,
  });
  const open: OpenListener[] = [];
  const close = async () => {
    stopping.abort();
    await Promise.all([feeding, ...open.map(listener => listener.close())]);
  };
  const feeding = feed.run(stopping.signal);
  try {
    for (const host of hosts) open.push(await listen(host, dispatcher, options.limits));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: open.map(({ address }) => address),
    passes,
    obstacle: () => obstacleOf(backend.status()),
    answer: (request, response, caller) => void dispatcher.handle(request, response, () => {}, caller),
    close,
  };
}

/** The engine's, whose answers most of the others are; ours where there is none, or it is down or hangs. */
async function serverVersion({ engine, machine, log, clock }: DockerApiOptions): Promise<string> {
  const answered = new AbortController();
  const late = sleep(clock, versionWaitMs, answered.signal).then(() => {
    throw new Fault("deadline_exceeded", `it did not say its version within ${versionWaitMs / 1000} s`);
  });
  try {
    const { present, engine: version } = await Promise.race([engine.version(), late]);
    return present ? version : machine.version;
  } catch (error) {
    log.warn("The Docker Engine does not answer", { error: asFault(error).message });
    return machine.version;
  } finally {
    late.catch(() => {});
    answered.abort();
  }
}
