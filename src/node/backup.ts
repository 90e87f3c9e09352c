import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { newRaftId } from "../consensus/beginning.ts";
import { Journal } from "../consensus/journal.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { decodeState, encodeState } from "../consensus/swarm-state.ts";
import { defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf, type NodeFiles } from "../pki/key-file.ts";
import { noLock } from "../pki/key-lock.ts";
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
import type { NodeState } from "./state-file.ts";

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

/** Opens a backup file. Fault invalid_argument for one that `openBackup` refuses or that holds something else. */
export async function readBackup(file: Uint8Array, passphrase: string): Promise<Backup> {
  const content = await openBackup(file, passphrase);
  try {
    return fromBinary(BackupSchema, content);
  } catch (cause) {
    throw unusable("it was not made by this version or one before it", cause);
  }
}

/** What the backed-up manager remembered of its swarm. */
export function stateIn({ listenAddress, advertiseAddress }: Backup): NodeState {
  return { listenAddress, advertiseAddress, managers: [advertiseAddress] };
}

/** What a node is to become. Nothing is written yet. */
export interface Restoration {
  readonly files: NodeFiles;
  /** With its only member, this node. */
  readonly snapshot: Snapshot;
  readonly raftId: bigint;
}

/**
 * Makes of a backup the sole manager of its swarm, reached at `address`, under a raft id that nobody had. A certificate
 * that has run out is replaced by a new one, if the swarm keeps its root's key; Fault invalid_argument otherwise.
 */
export async function restorationOf(backup: Backup, address: string, doors: Doors): Promise<Restoration> {
  const { cluster, ...log } = await soleMember(backup, address, doors);
  const credentials = await freshCredentials(parseCredentials(backup), cluster, doors);
  if (credentials.role !== "manager") throw unusable("its certificate is not a manager's");
  return { files: { ...credentials, headers: headersFor("manager", new Map(), doors.random), lock: noLock }, ...log };
}

/** Writes the log that a restored manager goes on with. */
export async function writeLog(
  { files, snapshot, raftId }: Restoration,
  { disk, random, log }: Pick<NodeDoors, "disk" | "random" | "log">,
  directory: string,
): Promise<void> {
  const sealer = aesGcmSealer(defined(dataKeyOf(files.headers), "a manager's data key"), random);
  const { index, term } = snapshot;
  const journal = await Journal.create(
    { disk, directory, sealer, log },
    { raftId, peers: [] },
    { snapshot, hardState: { term, vote: 0n, commit: index } },
  );
  await journal.close();
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
