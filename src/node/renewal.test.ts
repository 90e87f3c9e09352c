import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NewCluster, newCluster } from "../ca/new-cluster.ts";
import { caServices } from "../ca/services.ts";
import { Fault } from "../lib/fault.ts";
import { localClient } from "../manager/local-client.ts";
import type { Credentials } from "../pki/credentials.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import { RootCa } from "../pki/root-ca.ts";
import { newRoot } from "../pki/root-rotation.ts";
import type { Clock } from "../ports/clock.ts";
import { silentLogger } from "../ports/log.ts";
import type { Client, Handlers } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimHttps } from "../sim/https.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { SimNetwork } from "../sim/transport.ts";
import { NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeRole, RootRotationSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Renewal, renewalMoment, shortestLifeMs } from "./renewal.ts";

const hour = 3_600_000;

let clock: SimClock;
let random: SimRandom;
let network: SimNetwork;
let store: SimStore;
let swarm: NewCluster;
let identity: LiveIdentity;
let saved: Credentials[];
let managers: string[];
let own: Client<typeof NodeCA> | undefined;
let renewal: Renewal;
let save: (renewed: Credentials) => Promise<void>;

beforeEach(async () => {
  clock = new SimClock();
  random = new SimRandom(2);
  network = new SimNetwork({ clock });
  store = newSimStore({ clock });
  const spec = create(ClusterSpecSchema, { caConfig: { nodeCertExpiry: { seconds: 2n * 3_600n } } });
  const settings = { spec, availability: 0, addressPools: [], subnetSize: 0 };
  swarm = await newCluster({ ...settings, dataPathPort: 0, clock, random });
  await store.update(tx => {
    tx.cluster.create(swarm.cluster);
    tx.node.create(swarm.node);
  });
  identity = new LiveIdentity(swarm.credentials);
  saved = [];
  own = undefined;
  managers = ["M:2377"];
  save = async renewed => void saved.push(renewed);
  const transport = network.transport("W", swarm.credentials);
  const options = { identity, transport, clock, random, log: silentLogger };
  renewal = new Renewal({ ...options, managers: () => managers, own: () => own, save: renewed => save(renewed) });
});
afterEach(() => renewal.stop());

const listen = () =>
  network
    .transport("M")
    .listen("M:2377", caServices({ store, clock, random, log: silentLogger, https: new SimHttps() }));
const current = () => identity.current()!;
/** A clock that shows another time, and runs as the others do. */
const skewedBy = (ms: number): { clock: Clock } => ({
  clock: {
    now: () => clock.now() + ms,
    monotonic: () => clock.monotonic(),
    after: (delay, run) => clock.after(delay, run),
  },
});
const setRole = (role: NodeRole) => store.update(tx => tx.node.update({ ...tx.node.get(swarm.node.id)!, role }));

async function rootIn(from: SimStore): Promise<RootCa> {
  const { caCert, caKey } = from.view(tx => [...tx.cluster.all()][0]!.rootCa!);
  return RootCa.load(Buffer.from(caCert).toString(), Buffer.from(caKey).toString());
}

const changeRoot = (next: RootCa, crossSigned: string) =>
  store.update(tx => {
    const cluster = [...tx.cluster.all()][0]!;
    const rootRotation = create(RootRotationSchema, {
      caCert: Buffer.from(next.certificatePem),
      caKey: Buffer.from(next.keyPem),
      crossSignedCaCert: Buffer.from(crossSigned),
    });
    tx.cluster.update({ ...cluster, rootCa: { ...cluster.rootCa!, rootRotation } });
  });

describe("the moment of renewal", () => {
  it.each([
    [0, 50],
    [0.5, 65],
    [0.999, 79.97],
  ])("with chance %d is at %d %% of the certificate's life", (chance, percent) => {
    const life = { ...swarm.credentials, notBeforeMs: 1_000, notAfterMs: 101_000 };
    expect(renewalMoment(life, chance)).toBeCloseTo(1_000 + percent * 1_000, -1);
  });
});

describe("a renewal", () => {
  it("comes between 50 % and 80 % of life, again and again, with a new key each time", async () => {
    await listen();
    renewal.start();
    const keys = new Set([current().keyPem]);
    for (let round = 1; round <= 3; round++) {
      const before = current();
      const life = before.notAfterMs - before.notBeforeMs;
      await clock.advance(before.notBeforeMs + life * 0.5 - 1 - clock.now());
      expect(current()).toBe(before);
      await clock.advance(life * 0.3 + 1);
      expect(current()).not.toBe(before);
      expect(current().notAfterMs).toBeGreaterThan(before.notAfterMs);
      keys.add(current().keyPem);
      expect(saved.at(-1)).toBe(current());
    }
    expect(keys.size).toBe(4);
    expect(current()).toMatchObject({ nodeId: swarm.node.id, role: "manager", rootPem: swarm.credentials.rootPem });
  });

  it("is tried until a manager answers", async () => {
    renewal.start();
    await clock.advance(2 * hour);
    expect(current()).toBe(swarm.credentials);
    managers = ["X:1", "M:2377"];
    await listen();
    await clock.advance(hour);
    expect(current().notAfterMs).toBeGreaterThan(swarm.credentials.notAfterMs);
  });

  it("counts only when it is saved", async () => {
    await listen();
    let fails = 2;
    save = async renewed => {
      if (fails-- > 0) throw new Fault("resource_exhausted", "the disk is full");
      saved.push(renewed);
    };
    const seen: (Credentials | undefined)[] = [];
    identity.onChange(() => seen.push(identity.current()));
    renewal.start();
    await clock.advance(2 * hour);
    expect(fails).toBe(-1);
    expect(seen).toEqual(saved);
    expect(seen.length).toBe(1);
  });

  it("comes at once when the swarm gives the node another role", async () => {
    await listen();
    renewal.start();
    renewal.want("manager");
    await clock.advance(1_000);
    expect(current()).toBe(swarm.credentials);
    await setRole(NodeRole.WORKER);
    renewal.want("worker");
    await clock.advance(1_000);
    expect(current().role).toBe("worker");
    expect(saved).toEqual([current()]);
    await setRole(NodeRole.MANAGER);
    renewal.want("manager");
    await clock.advance(1_000);
    expect(current().role).toBe("manager");
    expect(saved.length).toBe(2);
  });

  it("is tried again, with pauses, as long as a manager does not know of the new role", async () => {
    await listen();
    renewal.start();
    renewal.want("worker");
    await clock.advance(60_000);
    expect(current().role).toBe("manager");
    expect(saved.length).toBeGreaterThan(2);
    expect(saved.length).toBeLessThan(10);
    await setRole(NodeRole.WORKER);
    await clock.advance(300_000);
    expect(current().role).toBe("worker");
    const { length } = saved;
    await clock.advance(300_000);
    expect(saved.length).toBe(length);
  });

  it("does not wait out a pause when the role changes", async () => {
    renewal.start();
    renewal.want("worker");
    await clock.advance(20 * 60_000);
    await listen();
    await setRole(NodeRole.WORKER);
    renewal.want("manager");
    renewal.want("worker");
    await clock.advance(1_000);
    expect(current().role).toBe("worker");
  });

  it("comes at once on demand, and says when it is done", async () => {
    renewal.start();
    await clock.advance(0);
    let done = 0;
    void renewal.demand().then(() => done++);
    await clock.advance(60_000);
    expect([done, current()]).toEqual([0, swarm.credentials]);
    await listen();
    await clock.advance(300_000);
    expect(done).toBe(1);
    expect(saved).toEqual([current()]);
    const given = renewal.demand();
    await renewal.stop();
    await given;
    await renewal.demand();
  });

  it("takes up another root with the certificate that it vouches for, and asks for one where it does not", async () => {
    await listen();
    renewal.start();
    const before = current();
    renewal.trust(before.rootPem);
    await clock.advance(1_000);
    expect(saved).toEqual([]);
    const [old, next] = [await rootIn(store), await RootCa.create(clock.now())];
    await changeRoot(next, await old.crossSign(next, clock.now()));
    void renewal.demand();
    await clock.advance(1_000);
    const between = current();
    expect(between.rootPem).toBe(before.rootPem);
    expect(between.certificatePem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    renewal.trust(next.certificatePem);
    await clock.advance(1_000);
    expect(current()).toMatchObject({ rootPem: next.certificatePem, certificatePem: between.certificatePem });
    const third = await RootCa.create(clock.now());
    await store.update(tx => {
      const cluster = [...tx.cluster.all()][0]!;
      const root = { caCert: Buffer.from(third.certificatePem), caKey: Buffer.from(third.keyPem) };
      tx.cluster.update({ ...cluster, rootCa: newRoot(root, 2n, random) });
    });
    renewal.trust(third.certificatePem);
    await clock.advance(60_000);
    expect(current().rootPem).toBe(third.certificatePem);
    expect(current().keyPem).not.toBe(between.keyPem);
  });

  it.each([
    ["ahead", 1],
    ["behind", -1],
  ])("comes in time, and not all the time, where the clock is an hour %s", async (_, sign) => {
    await listen();
    const skewed = { ...skewedBy(sign * hour), random, log: silentLogger };
    const transport = network.transport("W", swarm.credentials);
    const elsewhere = new Renewal({ ...skewed, identity, transport, managers: () => managers, own: () => own, save });
    elsewhere.start();
    for (let passed = 0; passed < 12; passed++) {
      await clock.advance(hour / 2);
      expect(current().notBeforeMs).toBeLessThanOrEqual(clock.now() + sign * hour);
      expect(current().notAfterMs).toBeGreaterThan(clock.now());
    }
    await elsewhere.stop();
    expect(saved.length).toBeGreaterThanOrEqual(3);
    expect(saved.length).toBeLessThanOrEqual((6 * hour) / shortestLifeMs);
  });

  it("is done in this process, on a manager that no other and not itself would believe any more", async () => {
    const [, { handlers }] = caServices({ store, clock, random, log: silentLogger, https: new SimHttps() });
    own = localClient(NodeCA, handlers as Handlers<typeof NodeCA>, swarm.credentials);
    await clock.advance(100 * 24 * hour);
    renewal.start();
    await clock.advance(1_000);
    expect(current().notAfterMs).toBe(clock.now() - 1_000 + 2 * hour);
  });

  it("that fails after the certificate has expired tells how to rejoin", async () => {
    const errors: string[] = [];
    const log = { ...silentLogger, error: (text: string) => errors.push(text) };
    const transport = network.transport("W", swarm.credentials);
    const sleeping = new Renewal({
      identity,
      transport,
      clock,
      random,
      log,
      managers: () => managers,
      own: () => own,
      save,
    });
    sleeping.start();
    await clock.advance(hour * 1.9);
    expect(errors).toEqual([]);
    await clock.advance(hour);
    expect(errors[0]).toMatch(/^The certificate of this node expired at .*swarm leave --force.*join-token manager/);
    await sleeping.stop();
  });

  it("stops at once, waiting or asking", async () => {
    renewal.start();
    await clock.advance(hour);
    await renewal.stop();
    expect(clock.pending).toBe(0);
    const transport = network.transport("W", swarm.credentials);
    const options = { identity, transport, clock, random, log: silentLogger };
    const asking = new Renewal({ ...options, managers: () => managers, own: () => own, save });
    asking.start();
    await clock.advance(2 * hour);
    await asking.stop();
    expect(clock.pending).toBe(0);
    expect(current()).toBe(swarm.credentials);
  });
});
