import { create } from "@bufbuild/protobuf";
import { issuedCertificate, newNode } from "../ca/new-node.ts";
import type { Beginning } from "../consensus/beginning.ts";
import { Consensus } from "../consensus/consensus.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { assert } from "../lib/assert.ts";
import { type Cluster, newMeta } from "../model/objects.ts";
import { silentLogger } from "../ports/log.ts";
import type { Caller } from "../ports/transport.ts";
import { Store } from "../store/store.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { InternalRaftRequest } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ClusterSpecSchema, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type SimClock, settle } from "./clock.ts";
import type { SimDisk } from "./disk.ts";
import { SimRandom } from "./random.ts";
import { SimNetwork } from "./transport.ts";

const dataPathPort = 4789;
/** Turns of the event loop within which a manager that is alone leads. */
const maxTurns = 1_000;
/** Who reads a log that stays what it is. */
const nobody = { nodeId: "", address: "10.0.0.0:2377" };

export interface LogPlace {
  readonly disk: SimDisk;
  readonly directory: string;
  readonly dataKey: Uint8Array;
  readonly clock: SimClock;
  /** The manager whose log it is: needed where that begins. */
  readonly self?: { readonly nodeId: string; readonly address: string };
}

export interface FoundingOptions extends LogPlace {
  readonly clusterId: string;
  /** Every node there is, managers and workers. */
  readonly nodes: readonly Caller[];
  /** Log entries between two snapshots. */
  readonly snapshotInterval: bigint;
}

/**
 * Writes to a manager's disk the log of a swarm whose nodes have all been let in, and never been heard of: what they
 * would find had they joined with tokens. Certificates are left out, for their signing is no matter of a seed.
 */
export async function foundSwarm(options: FoundingOptions): Promise<void> {
  const store = new Store(options);
  const log = await open(options, store, { kind: "found" });
  await store.update(tx => {
    tx.cluster.create(newCluster(options));
    for (const self of options.nodes) {
      const certificate = issuedCertificate(self, new Uint8Array(), "");
      tx.node.create(
        newNode({ id: self.nodeId, certificate, availability: NodeSpec_Availability.ACTIVE, dataPathPort }),
      );
    }
  });
  await log.close();
}

/** What a manager's disk holds, as its next start finds it. Changes the disk as that start does. Close the log. */
export async function openLog(place: LogPlace, store = new Store(place)): Promise<{ store: Store; log: Consensus }> {
  return { store, log: await open(place, store, { kind: "resume" }) };
}

/** Resolves when the only member there is leads: then all that it has is known to be committed. */
async function open(place: LogPlace, store: Store, beginning: Beginning): Promise<Consensus> {
  const { disk, directory, dataKey, clock, self = nobody } = place;
  const random = new SimRandom();
  const log = await Consensus.open({
    ...{ store, disk, directory, clock, random, self, beginning },
    sealer: aesGcmSealer(dataKey, random),
    log: silentLogger,
    transport: new SimNetwork({ clock }).transport("10.0.0.0"),
    onLeadership: () => {},
    onRemoved: () => {},
    onBroken: fault => {
      throw fault;
    },
  });
  for (let turn = 0; log.leadership.kind !== "leading"; turn++) {
    assert(turn < maxTurns, "a swarm's only manager leads at once");
    await settle();
  }
  return log;
}

/** The state that a manager's disk holds as of log entry `index`: what came later is left out. */
export async function stateAt(index: bigint, place: LogPlace): Promise<Store> {
  const store = new StoreUpTo(index, place);
  const { log } = await openLog({ ...place, disk: place.disk.copy() }, store);
  await log.close();
  return store;
}

class StoreUpTo extends Store {
  readonly #last: bigint;

  constructor(last: bigint, place: LogPlace) {
    super(place);
    this.#last = last;
  }

  override apply(index: bigint, request: InternalRaftRequest): void {
    if (index <= this.#last) super.apply(index, request);
  }
}

function newCluster({ clusterId, snapshotInterval }: FoundingOptions): Cluster {
  const annotations = create(AnnotationsSchema, { name: "default" });
  const spec = create(ClusterSpecSchema, {
    annotations,
    orchestration: { taskHistoryRetentionLimit: 5n },
    raft: { snapshotInterval },
    dispatcher: { heartbeatPeriod: { seconds: 5n } },
  });
  return { ...create(ClusterSchema, { id: clusterId }), meta: newMeta(), spec: { ...spec, annotations } };
}
