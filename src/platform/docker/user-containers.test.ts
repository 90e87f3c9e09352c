import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dockerd, startDockerd } from "../../../test/lab/dockerd.ts";
import { dockerCliUnavailableReason } from "../../../test/lab/requirements.ts";
import { silentLogger } from "../../ports/log.ts";
import { type EngineUser, exerciseUserContainers } from "../../ports/user-containers.contract.test-kit.ts";
import { SimUserContainers } from "../../sim/user-containers.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { EngineClient } from "./client.ts";
import { parseEndpoint } from "./endpoint.ts";
import { EngineUserContainers } from "./user-containers.ts";

const reason = dockerCliUnavailableReason();

const simUser = (containers: SimUserContainers): EngineUser => ({
  createNetwork: async name => void containers.networks.add(name),
  create: async (name, network, wanted) => {
    containers.create("0123456789abcdef", name, { [network]: wanted });
    return "0123456789abcdef";
  },
  start: async id => containers.start(id),
  stop: async id => containers.stop(id),
});

const engineUser = (client: EngineClient): EngineUser => ({
  async createNetwork(name, cidr) {
    await client.json("POST", "/networks/create", { body: { Name: name, IPAM: { Config: [{ Subnet: cidr }] } } });
  },
  async create(name, network, { fixed: [IPv4Address], aliases: Aliases }) {
    const EndpointsConfig = { [network]: { IPAMConfig: { IPv4Address }, Aliases } };
    const container = { Image: "busybox", Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: network } };
    const body = { ...container, NetworkingConfig: { EndpointsConfig } };
    const answer = await client.json("POST", "/containers/create", { query: { name }, body });
    return (answer as { Id: string }).Id;
  },
  async start(id) {
    await client.json("POST", `/containers/${id}/start`);
  },
  async stop(id) {
    await client.json("POST", `/containers/${id}/stop`, { query: { t: "0" } });
  },
});

describe.skipIf(reason !== undefined)(`an engine's containers${reason ? ` (skipped: ${reason})` : ""}`, () => {
  const dir = join(tmpdir(), `shoal-uc-${randomUUID().slice(0, 8)}`);
  let dockerd: Dockerd;

  beforeAll(async () => {
    dockerd = await startDockerd({ dir });
  });
  afterAll(async () => {
    await dockerd?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("are what the simulated ones are", async () => {
    const client = new EngineClient(parseEndpoint(`unix://${dockerd.socket}`), systemClock);
    const real = new EngineUserContainers({ client, clock: systemClock, random: systemRandom, log: silentLogger });
    const sim = new SimUserContainers();
    const seen = await exerciseUserContainers(real, engineUser(client));
    client.close();
    expect(seen).toEqual(await exerciseUserContainers(sim, simUser(sim)));
  });
});
