import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { newRaftId } from "../consensus/beginning.ts";
import { Journal } from "../consensus/journal.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { decodeState, encodeState } from "../consensus/swarm-state.ts";
import { defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf, type NodeFiles, saveNodeFiles } from "../pki/key-file.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import { sleep } from "../ports/clock.ts";
import { noConfiguration } from "../raft/configuration.ts";
import type { Snapshot } from "../raft/entry.ts";
import type { Cluster } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type Backup, BackupSchema } from "../wire/gen/shoal/v1/backup_pb.ts";
import { type Cost, openBackup, sealBackup } from "./backup-file.ts";
import type { NodeDoors } from "./doors.ts";
import { headersFor } from "./keyring.ts";
import { certificatesIn, logIn, type NodeState, saveState } from "./state-file.ts";

/** What a backup is made of. */
export interface BackupSource {
  readonly credentials: Credentials;
  readonly state: Pick<NodeState, "listenAddress" | "advertiseAddress">;
  /** The swarm's state at a moment, and that moment's place in the log. */
  readonly snapshot: Pick<Snapshot, "index" | "term" | "data">;
}

type Doors = Pick<NodeDoors, "clock" | "random">;

/** A backup file's content, sealed under the passphrase. Fault invalid_argument for one that is too short. */
export function takeBackup(
  source: BackupSource,
  passphrase: string,
  { clock, random }: Doors,
  cost?: Cost,
): Promise<Uint8Array> {
  const { credentials, state, snapshot } = source;
  const backup = create(BackupSchema, {
    clusterId: credentials.clusterId,
    nodeId: credentials.nodeId,
    takenAtMs: BigInt(clock.now()),
    certificatePem: credentials.certificatePem,
    keyPem: credentials.keyPem,
    rootPem: credentials.rootPem,
    listenAddress: state.listenAddress,
    advertiseAddress: state.advertiseAddress,
    index: snapshot.index,
    term: snapshot.term,
    state: snapshot.data,
  });
  return sealBackup(toBinary(BackupSchema, backup), passphrase, random, cost);
}

/** What a node is to become. Nothing is written yet. */
export interface Restoration {
  readonly files: NodeFiles;
  readonly state: NodeState;
  /** With its only member, this node. */
  readonly snapshot: Snapshot;
  readonly raftId: bigint;
}

/**
 * Reads a backup and makes of it the sole manager of its swarm, under a raft id that nobody had. A certificate that has
 * run out is replaced by a new one, if the swarm keeps its root's key. Fault invalid_argument for a file that
 * `openBackup` refuses or whose parts do not fit.
 */
export async function readBackup(
  file: Uint8Array,
  passphrase: string,
  addresses: { readonly listenAddress?: string; readonly advertiseAddress?: string },
  doors: Doors,
): Promise<Restoration> {
  const backup = decode(await openBackup(file, passphrase));
  const listenAddress = addresses.listenAddress ?? backup.listenAddress;
  const advertiseAddress = addresses.advertiseAddress ?? backup.advertiseAddress;
  const { snapshot, raftId, cluster } = await soleMember(backup, advertiseAddress, doors);
  const credentials = await freshCredentials(parseCredentials(backup), cluster, doors);
  if (credentials.role !== "manager") throw unusable("its certificate is not a manager's");
  return {
    files: { ...credentials, headers: headersFor("manager", new Map(), doors.random) },
    state: { listenAddress, advertiseAddress, managers: [advertiseAddress] },
    snapshot,
    raftId,
  };
}

/** Writes what makes this node a member; what makes it count comes last. */
export async function writeRestoration(
  { files, state, snapshot, raftId }: Restoration,
  { disk, random, log }: Pick<NodeDoors, "disk" | "random" | "log">,
  directory: string,
): Promise<void> {
  await disk.makeDirectory(directory);
  const sealer = aesGcmSealer(defined(dataKeyOf(files.headers), "a manager's data key"), random);
  const { index, term } = snapshot;
  const journal = await Journal.create(
    { disk, directory: logIn(directory), sealer, log },
    { raftId, peers: [] },
    { snapshot, hardState: { term, vote: 0n, commit: index } },
  );
  await journal.close();
  await saveNodeFiles(disk, certificatesIn(directory), files);
  await saveState(disk, directory, state);
}

function decode(content: Uint8Array): Backup {
  try {
    return fromBinary(BackupSchema, content);
  } catch (cause) {
    throw unusable("it was not made by this version or one before it", cause);
  }
}

async function soleMember(
  { state, index, term, nodeId }: Backup,
  address: string,
  { random, clock }: Doors,
): Promise<{ snapshot: Snapshot; raftId: bigint; cluster: Cluster | undefined }> {
  const { store, members, removed } = decodeState(state);
  const gone = new Set([...removed, ...members.map(member => member.raftId)]);
  const raftId = newRaftId(random, id => gone.has(id));
  const self = { raftId, nodeId, address };
  const data = await encodeState({ store, members: [self], removed: [...gone] }, () => sleep(clock, 0));
  const configuration = { ...noConfiguration, voters: [raftId] };
  return { snapshot: { index, term, configuration, data }, raftId, cluster: store.clusters[0] };
}

async function freshCredentials(
  credentials: Credentials,
  cluster: Cluster | undefined,
  { clock }: Doors,
): Promise<Credentials> {
  if (clock.now() < credentials.notAfterMs) return credentials;
  const { caCert, caKey } = cluster?.rootCa ?? {};
  if (!caCert || !caKey || caKey.length === 0)
    throw unusable("its certificate has run out, and the key of the swarm's root CA is kept elsewhere");
  const rootCa = RootCa.load(Buffer.from(caCert).toString(), Buffer.from(caKey).toString());
  const keyPem = newNodeKey();
  const certificatePem = await rootCa.sign(await newRequest(keyPem), credentials, clock.now());
  return parseCredentials({ certificatePem, keyPem, rootPem: rootCa.certificatePem });
}

function unusable(reason: string, cause?: unknown): Fault {
  return new Fault("invalid_argument", `Cannot use the backup: ${reason}`, { cause });
}
