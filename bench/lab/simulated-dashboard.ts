import { resolve } from "node:path";
import { type Dashboard, serveDashboard } from "../../src/dashboard/server/server.ts";
import { testMachine } from "../../src/docker-api/api.test-kit.ts";
import { FakeEngine } from "../../src/docker-api/fakes.test-kit.ts";
import { type DockerApi, startDockerApi } from "../../src/docker-api/server.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { SimulatedSwarm, type SwarmSize } from "./simulated-swarm.ts";

const sessionMs = 24 * 60 * 60_000;
const assets = resolve(import.meta.dirname, "../../dist/dashboard/web");

/** The real dashboard before a real API, on a port of its own, whose swarm is in memory and has simulated agents. */
export class SimulatedDashboard {
  readonly swarm: SimulatedSwarm;
  readonly #api: DockerApi;
  readonly #dashboard: Dashboard;

  private constructor(swarm: SimulatedSwarm, api: DockerApi, dashboard: Dashboard) {
    this.swarm = swarm;
    this.#api = api;
    this.#dashboard = dashboard;
  }

  static async start(size: SwarmSize): Promise<SimulatedDashboard> {
    const swarm = new SimulatedSwarm(size);
    await swarm.fill();
    const doors = { backend: swarm, engine: new FakeEngine(), clock: systemClock, log: silentLogger };
    const api = await startDockerApi({ ...doors, hosts: [], machine: testMachine });
    const dashboard = await serveDashboard({
      ...{ address: "127.0.0.1:0", tls: undefined, names: [], assets },
      api: {
        obstacle: () => undefined,
        check: token => api.passes.check(token),
        answer: (request, response, { name }) => api.answer(request, response, { via: "dashboard", address: "", name }),
      },
    });
    return new SimulatedDashboard(swarm, api, dashboard);
  }

  /** Where it is, with a slash at the end. */
  get url(): string {
    return this.#dashboard.url;
  }

  /** An operator's. */
  token(): string {
    return this.#api.passes.give({ name: "bench", role: "operator", expiresMs: systemClock.now() + sessionMs });
  }

  async close(): Promise<void> {
    await this.#dashboard.close();
    await this.#api.close();
  }
}
