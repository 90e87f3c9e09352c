import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { newCluster } from "../ca/new-cluster.ts";
import { Journal } from "../consensus/journal.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { decodeState, encodeState } from "../consensus/swarm-state.ts";
import type { Cluster } from "../model/objects.ts";
import { parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf } from "../pki/key-file.ts";
import { systemClock } from "../platform/clock.ts";
import { noConfiguration } from "../raft/configuration.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { sampleService } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import type { StoreSnapshot } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { ClusterSpecSchema, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { readBackup, restorationOf, stateIn, takeBackup, writeLog } from "./backup.ts";

const passphrase = "correct horse battery";
const dayMs = 86_400_000;
/** Of a passphrase: cheap, there are many. */
const cost = { logN: 1, r: 1, p: 1 };
const log = { debug() {}, info() {}, warn() {}, error() {}, with: () => log };
const state = { listenAddress: "0.0.0.0:2377", advertiseAddress: "192.0.2.7:2377" };

/** A manager of three, one of whom was removed before, as its backup shows it. */
async function swarm(random: SimRandom, keepsKey = true) {
  const founded = await newCluster({
    spec: create(ClusterSpecSchema),
    availability: NodeSpec_Availability.ACTIVE,
    addressPools: [],
    subnetSize: 0,
    dataPathPort: 0,
    clock: systemClock,
    random,
  });
  const cluster: Cluster = keepsKey
    ? founded.cluster
    : { ...founded.cluster, rootCa: { ...founded.cluster.rootCa!, caKey: new Uint8Array() } };
  const store = newSimStore();
  await store.update(tx => {
    tx.cluster.create(cluster);
    tx.service.create(sampleService("s1", "web"));
  });
  const members = [11n, 12n, 13n].map(raftId => ({ raftId, nodeId: `n${raftId}`, address: `192.0.2.${raftId}:2377` }));
  const data = await encodeState({ store: store.snapshot(), members, removed: [9n] }, async () => {});
  return { credentials: founded.credentials, state, snapshot: { index: 4321n, term: 7n, data } };
}

function doorsAt(nowMs: number, seed = 1) {
  return { clock: { ...systemClock, now: () => nowMs }, random: new SimRandom(seed), log };
}

const keyOf = (store: StoreSnapshot): string => Buffer.from(store.clusters[0]!.rootCa!.caKey).toString();

function take(source: Awaited<ReturnType<typeof swarm>>, nowMs = Date.now()): Promise<Uint8Array> {
  return takeBackup(source, passphrase, doorsAt(nowMs), cost);
}

/** What a file makes of a node at a time. */
async function restore(file: Uint8Array, { nowMs = Date.now(), seed = 1, address = state.advertiseAddress } = {}) {
  return restorationOf(await readBackup(file, passphrase), address, doorsAt(nowMs, seed));
}

describe("a backup", () => {
  it("makes a sole manager that has every object, and continues the log", async () => {
    const source = await swarm(new SimRandom(3));
    const restoration = await restore(await take(source));
    const disk = new SimDisk();
    await writeLog(restoration, { ...doorsAt(Date.now()), disk }, "/raft");

    const sealer = aesGcmSealer(dataKeyOf(restoration.files.headers)!, new SimRandom());
    const { journal, snapshot } = (await Journal.open({ disk, directory: "/raft", sealer, log }))!;
    const { store, members, removed } = decodeState(snapshot!.data);
    expect(store.services.map(service => service.spec?.annotations?.name)).toEqual(["web"]);
    expect(keyOf(store)).toBe(keyOf(decodeState(source.snapshot.data).store));

    const { raftId } = journal.identity;
    const { nodeId } = source.credentials;
    expect([9n, 11n, 12n, 13n]).not.toContain(raftId);
    expect(members).toEqual([{ raftId, nodeId, address: state.advertiseAddress }]);
    expect([...removed].sort()).toEqual([11n, 12n, 13n, 9n]);
    expect(snapshot).toMatchObject({ index: 4321n, term: 7n, configuration: { ...noConfiguration, voters: [raftId] } });
    expect(journal.storage.hardState).toEqual({ term: 7n, vote: 0n, commit: 4321n });
  });

  it("brings its manager's identity and addresses", async () => {
    const source = await swarm(new SimRandom(3));
    const file = await take(source);
    expect(parseCredentials((await restore(file)).files)).toEqual(source.credentials);
    expect(stateIn(await readBackup(file, passphrase))).toEqual({ ...state, managers: [state.advertiseAddress] });
  });

  it("can be restored where others reach it at another address", async () => {
    const { snapshot } = await restore(await take(await swarm(new SimRandom(3))), { address: "198.51.100.1:9999" });
    expect(decodeState(snapshot.data).members.map(({ address }) => address)).toEqual(["198.51.100.1:9999"]);
  });

  it("gets a new raft id and a new data key each time", async () => {
    const file = await take(await swarm(new SimRandom(3)));
    const [first, second] = [await restore(file, { seed: 1 }), await restore(file, { seed: 2 })];
    expect(first.raftId).not.toBe(second.raftId);
    expect(dataKeyOf(first.files.headers)).not.toEqual(dataKeyOf(second.files.headers));
  });

  it("that is older than its certificate gets a new one of the same root for the same node", async () => {
    const source = await swarm(new SimRandom(3));
    const nowMs = Date.now() + 400 * dayMs;
    const { nodeId, clusterId, rootPem, keyPem } = source.credentials;
    const node = parseCredentials((await restore(await take(source), { nowMs })).files);
    expect(node).toMatchObject({ nodeId, clusterId, rootPem, role: "manager" });
    expect(node.notAfterMs).toBeGreaterThan(nowMs);
    expect(node.keyPem).not.toBe(keyPem);
  });

  it("that is older than its certificate is refused where the swarm keeps no key to make another", async () => {
    const file = await take(await swarm(new SimRandom(3), false));
    await expect(restore(file, { nowMs: Date.now() + 400 * dayMs })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("its certificate has run out"),
    });
  });
});
