import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NewCluster, newCluster } from "../ca/new-cluster.ts";
import { caServices } from "../ca/services.ts";
import { Fault } from "../lib/fault.ts";
import { newJoinToken, parseJoinToken } from "../pki/join-token.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import type { AnonymousDialler } from "../ports/anonymous.ts";
import { silentLogger } from "../ports/log.ts";
import { type Handlers, type Listener, register, type Transport } from "../ports/transport.ts";
import { grpcTransport } from "../rpc/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimHttps } from "../sim/https.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { SimNetwork } from "../sim/transport.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type EnrollOptions, enroll } from "./enroll.ts";

const founding = {
  spec: create(ClusterSpecSchema),
  availability: 0,
  addressPools: [],
  subnetSize: 0,
  dataPathPort: 0,
};

async function foundIn(store: SimStore, clock: EnrollOptions["clock"]): Promise<NewCluster> {
  const swarm = await newCluster({ ...founding, clock, random: systemRandom });
  await store.update(tx => {
    tx.cluster.create(swarm.cluster);
    tx.node.create(swarm.node);
  });
  return swarm;
}
const tokensOf = ({ cluster }: NewCluster) => cluster.rootCa!.joinTokens!;

describe("enrolling over a simulated network", () => {
  let clock: SimClock;
  let network: SimNetwork;
  let store: SimStore;
  let swarm: NewCluster;
  let failures: string[];
  let controller: AbortController;
  const random = new SimRandom(5);

  beforeEach(async () => {
    clock = new SimClock();
    network = new SimNetwork({ clock });
    store = newSimStore({ clock });
    swarm = await foundIn(store, clock);
    failures = [];
    controller = new AbortController();
  });

  const listen = (address: string) =>
    network
      .transport("any")
      .listen(address, caServices({ store, clock, random, log: silentLogger, https: new SimHttps() }));
  const dialler: AnonymousDialler = { connectAnonymous: address => network.transport("W").connect(address) };
  const begin = (options: Partial<EnrollOptions> = {}) =>
    enroll({
      remotes: ["M:2377"],
      token: tokensOf(swarm).worker,
      availability: 0,
      dialler,
      clock,
      random,
      signal: controller.signal,
      onFailure: fault => failures.push(fault.message),
      ...options,
    });

  it("gives a worker's token a worker's certificate", async () => {
    await listen("M:2377");
    const credentials = await begin();
    expect(credentials).toMatchObject({ role: "worker", clusterId: swarm.cluster.id });
    expect(store.view(tx => tx.node.get(credentials.nodeId))).toBeDefined();
    expect(failures).toEqual([]);
  });

  it("tries the managers in turn, and again, until one answers", async () => {
    const joining = begin({ remotes: ["M1:2377", "M2:2377"] });
    await clock.advance(3_000);
    expect(failures.length).toBeGreaterThan(2);
    expect(failures.slice(0, 2)).toEqual([expect.stringContaining("M1:2377"), expect.stringContaining("M2:2377")]);
    await listen("M2:2377");
    await clock.advance(10_000);
    expect((await joining).role).toBe("worker");
  });

  it("ends when it is told to, with what was wrong last", async () => {
    const joining = expect(begin()).rejects.toMatchObject({
      code: "cancelled",
      message: expect.stringContaining("given up after: M:2377"),
    });
    await clock.advance(1_000);
    controller.abort();
    await joining;
    expect(clock.pending).toBe(0);
  });

  it.each<[string, () => string, Partial<Fault>]>([
    ["a text that is no token", () => "SWMTKN-1-bad", { code: "invalid_argument", message: "invalid join token" }],
    [
      "a wrong secret",
      () => newJoinToken(parseJoinToken(tokensOf(swarm).worker).digest, random),
      { code: "invalid_argument", message: expect.stringContaining("the secret of the given one is wrong") },
    ],
  ])("ends at once with %s", async (_, token, fault) => {
    await listen("M:2377");
    await expect(begin({ token: token() })).rejects.toMatchObject(fault);
    expect([failures, clock.pending]).toEqual([[], 0]);
  });

  it("ends with both digests when the manager has another root than the token's", async () => {
    await listen("M:2377");
    const other = tokensOf(await newCluster({ ...founding, clock, random })).worker;
    const [expected, shown] = [other, tokensOf(swarm).worker].map(token => parseJoinToken(token).digest);
    const message = `remote CA does not match fingerprint. Expected: ${expected}, but M:2377 has: ${shown}`;
    await expect(begin({ token: other })).rejects.toMatchObject({ code: "failed_precondition", message });
    expect(store.view(tx => tx.node.size)).toBe(1);
  });

  it("goes on while one of the managers might still be the right one", async () => {
    const impostor = newSimStore({ clock });
    await foundIn(impostor, clock);
    const services = caServices({ store: impostor, clock, random, log: silentLogger, https: new SimHttps() });
    await network.transport("X").listen("X:2377", services);
    const joining = begin({ remotes: ["X:2377", "M:2377"] });
    await clock.advance(2_000);
    expect(failures[0]).toContain("does not match fingerprint");
    await listen("M:2377");
    await clock.advance(10_000);
    expect((await joining).clusterId).toBe(swarm.cluster.id);
  });

  it("asks on for a certificate that is not ready, as the same node", async () => {
    let applications = 0;
    let questions = 0;
    const [ca, nodeCa] = caServices({ store, clock, random, log: silentLogger, https: new SimHttps() });
    const real = nodeCa!.handlers as Handlers<typeof NodeCA>;
    const slow = register(NodeCA, {
      issueNodeCertificate: (request, context) => {
        applications++;
        return real.issueNodeCertificate(request, context);
      },
      nodeCertificateStatus: async (request, context) => {
        questions++;
        if (questions === 1) return { status: { state: 2 } };
        if (questions === 2) throw new Fault("unavailable", "the leader is gone");
        return real.nodeCertificateStatus(request, context);
      },
    });
    await network.transport("M").listen("M:2377", [ca!, slow]);
    const joining = begin();
    await clock.advance(20_000);
    await joining;
    expect([applications, questions, failures]).toEqual([1, 3, ["the leader is gone"]]);
    expect(store.view(tx => tx.node.size)).toBe(2);
  });

  it("says why a certificate is refused", async () => {
    const [ca] = caServices({ store, clock, random, log: silentLogger, https: new SimHttps() });
    const failing = register(NodeCA, {
      issueNodeCertificate: async () => ({ nodeId: "n" }),
      nodeCertificateStatus: async () => ({ status: { state: 4, err: "the signer is out" } }),
    });
    await network.transport("M").listen("M:2377", [ca!, failing]);
    await expect(begin()).rejects.toMatchObject({ code: "failed_precondition", message: /the signer is out/ });
  });
});

describe("enrolling over TLS", () => {
  const opened: Listener[] = [];
  const transportOf = (identity: LiveIdentity): Transport & AnonymousDialler =>
    grpcTransport({ identity, clock: systemClock, log: silentLogger });
  const dialler = transportOf(new LiveIdentity());

  afterEach(async () => {
    for (const listener of opened.splice(0)) await listener.close();
  });

  async function manager() {
    const store = newSimStore({ clock: systemClock });
    const swarm = await foundIn(store, systemClock);
    const services = caServices({
      store,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      https: new SimHttps(),
    });
    const listener = await transportOf(new LiveIdentity(swarm.credentials)).listen("127.0.0.1:0", services);
    opened.push(listener);
    return { store, swarm, address: listener.address };
  }
  const begin = (address: string, token: string) =>
    enroll({
      remotes: [address],
      token,
      availability: 0,
      dialler,
      clock: systemClock,
      random: systemRandom,
      signal: new AbortController().signal,
    });

  it("ends with a certificate that the manager knows the node by, and that renews itself", async () => {
    const { store, swarm, address } = await manager();
    const credentials = await begin(address, tokensOf(swarm).worker);
    expect(credentials.rootPem).toBe(swarm.credentials.rootPem);
    const connection = transportOf(new LiveIdentity(credentials)).connect(address);
    const { nodeId } = await connection.client(NodeCA).issueNodeCertificate({
      csr: store.view(tx => tx.node.get(credentials.nodeId))!.certificate!.csr,
    });
    expect(nodeId).toBe(credentials.nodeId);
    connection.close();
  });

  it("is not deceived by a manager that shows the right root without its key", async () => {
    const { swarm } = await manager();
    const { rootPem } = swarm.credentials;
    const thief = await foundIn(newSimStore({ clock: systemClock }), systemClock);
    let applications = 0;
    const services = [
      register(CA, {
        getRootCACertificate: async () => ({ certificate: Buffer.from(rootPem) }),
        getUnlockKey: async () => ({}),
      }),
      register(NodeCA, {
        issueNodeCertificate: async () => {
          applications++;
          return { nodeId: "n" };
        },
        nodeCertificateStatus: async () => ({}),
      }),
    ];
    const listener = await transportOf(new LiveIdentity(thief.credentials)).listen("127.0.0.1:0", services);
    opened.push(listener);
    await expect(begin(listener.address, tokensOf(swarm).worker)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(
        `${listener.address}: the other side answers with a certificate of another root`,
      ),
    });
    expect(applications).toBe(0);
  });
});
