import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { newCluster } from "../ca/new-cluster.ts";
import { Journal } from "../consensus/journal.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { decodeState, encodeState } from "../consensus/swarm-state.ts";
import type { Cluster } from "../model/objects.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf, loadNodeFiles } from "../pki/key-file.ts";
import { systemClock } from "../platform/clock.ts";
import { noConfiguration } from "../raft/configuration.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { sampleService } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import type { StoreSnapshot } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { ClusterSpecSchema, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { readBackup, takeBackup, writeRestoration } from "./backup.ts";
import { certificatesIn, loadState, logIn } from "./state-file.ts";

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

async function restored(credentials: Credentials, disk: SimDisk) {
  const files = (await loadNodeFiles(disk, certificatesIn("/swarm")))!;
  const sealer = aesGcmSealer(dataKeyOf(files.headers)!, new SimRandom());
  const opened = (await Journal.open({ disk, directory: logIn("/swarm"), sealer, log }))!;
  return { files, node: parseCredentials(files), opened, isSame: files.certificatePem === credentials.certificatePem };
}

describe("a backup", () => {
  it("makes a sole manager that has every object, and continues the log", async () => {
    const source = await swarm(new SimRandom(3));
    const doors = doorsAt(Date.now());
    const disk = new SimDisk();
    const restoration = await readBackup(await takeBackup(source, passphrase, doors, cost), passphrase, {}, doors);
    await writeRestoration(restoration, { ...doors, disk }, "/swarm");

    const { node, opened, isSame } = await restored(source.credentials, disk);
    const { journal, snapshot } = opened;
    const { store, members, removed } = decodeState(snapshot!.data);
    expect(store.services.map(service => service.spec?.annotations?.name)).toEqual(["web"]);
    expect(keyOf(store)).toBe(keyOf(decodeState(source.snapshot.data).store));
    expect(node.nodeId).toBe(source.credentials.nodeId);
    expect(isSame).toBe(true);

    const { raftId } = journal.identity;
    expect([9n, 11n, 12n, 13n]).not.toContain(raftId);
    expect(members).toEqual([{ raftId, nodeId: node.nodeId, address: state.advertiseAddress }]);
    expect([...removed].sort()).toEqual([11n, 12n, 13n, 9n]);
    expect(snapshot).toMatchObject({ index: 4321n, term: 7n, configuration: { ...noConfiguration, voters: [raftId] } });
    expect(journal.storage.hardState).toEqual({ term: 7n, vote: 0n, commit: 4321n });
    expect(await loadState(disk, "/swarm")).toEqual({ ...state, managers: [state.advertiseAddress] });
  });

  it("can be restored on a machine with other addresses", async () => {
    const doors = doorsAt(Date.now());
    const file = await takeBackup(await swarm(new SimRandom(3)), passphrase, doors, cost);
    const addresses = { listenAddress: "0.0.0.0:9999", advertiseAddress: "198.51.100.1:9999" };
    const restoration = await readBackup(file, passphrase, addresses, doors);
    expect(restoration.state).toEqual({ ...addresses, managers: [addresses.advertiseAddress] });
    expect(decodeState(restoration.snapshot.data).members[0]?.address).toBe(addresses.advertiseAddress);
  });

  it("gets a new raft id and a new data key each time", async () => {
    const doors = doorsAt(Date.now());
    const file = await takeBackup(await swarm(new SimRandom(3)), passphrase, doors, cost);
    const [first, second] = [
      await readBackup(file, passphrase, {}, doors),
      await readBackup(file, passphrase, {}, doors),
    ];
    expect(first.raftId).not.toBe(second.raftId);
    expect(dataKeyOf(first.files.headers)).not.toEqual(dataKeyOf(second.files.headers));
  });

  it("that is older than its certificate gets a new one of the same root for the same node", async () => {
    const source = await swarm(new SimRandom(3));
    const file = await takeBackup(source, passphrase, doorsAt(Date.now()), cost);
    const later = Date.now() + 400 * dayMs;
    const { files } = await readBackup(file, passphrase, {}, doorsAt(later));
    const node = parseCredentials(files);
    expect(node).toMatchObject({ nodeId: source.credentials.nodeId, role: "manager" });
    expect(node.clusterId).toBe(source.credentials.clusterId);
    expect(node.rootPem).toBe(source.credentials.rootPem);
    expect(node.notAfterMs).toBeGreaterThan(later);
    expect(node.keyPem).not.toBe(source.credentials.keyPem);
  });

  it("that is older than its certificate is refused where the swarm keeps no key to make another", async () => {
    const file = await takeBackup(await swarm(new SimRandom(3), false), passphrase, doorsAt(Date.now()), cost);
    await expect(readBackup(file, passphrase, {}, doorsAt(Date.now() + 400 * dayMs))).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("its certificate has run out"),
    });
  });
});
