import type { MemberStatus } from "../consensus/member.ts";
import type { Client } from "../ports/transport.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { ClusterSpec, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { NetworkDoctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import type { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";

/** This node's part in a swarm, as `/info` tells it. */
export interface SwarmStatus {
  readonly state: "inactive" | "pending" | "active" | "locked" | "error";
  /** Why it is pending or in error; "" when all is well. */
  readonly error: string;
  readonly nodeId: string;
  /** The address other nodes know this one by, without port. */
  readonly nodeAddress: string;
  /** Whether this node is a manager that can serve the cluster's API now. */
  readonly controlAvailable: boolean;
  /** Managers this node knows, address as HOST:PORT. */
  readonly managers: readonly { readonly nodeId: string; readonly address: string }[];
}

export interface InitRequest {
  /** HOST:PORT or HOST; "" for the default. */
  readonly listenAddress: string;
  readonly advertiseAddress: string;
  readonly dataPathAddress: string;
  readonly dataPathPort: number;
  readonly forceNewCluster: boolean;
  readonly spec: ClusterSpec;
  readonly autoLock: boolean;
  readonly availability: NodeSpec_Availability;
  readonly addressPools: readonly string[];
  /** Mask length of subnets taken from the pools; 0 for the default. */
  readonly subnetSize: number;
}

export interface JoinRequest {
  readonly listenAddress: string;
  readonly advertiseAddress: string;
  readonly dataPathAddress: string;
  /** Managers to try, HOST:PORT each. */
  readonly remotes: readonly string[];
  readonly token: string;
  readonly availability: NodeSpec_Availability;
}

export interface RestoreRequest {
  /** As `backup` gave it. */
  readonly file: Uint8Array;
  readonly passphrase: string;
  /** HOST:PORT or HOST; "" for what the backed-up manager had. */
  readonly listenAddress: string;
  readonly advertiseAddress: string;
}

/** What the HTTP façade needs of the node it runs on. The node room implements it. */
export interface SwarmBackend {
  status(): SwarmStatus;
  /** Founds a swarm; resolves with this node's id. Faults carry Docker's texts where it has one. */
  init(request: InitRequest): Promise<string>;
  /** Joins one; resolves once this node has its certificate and is active. */
  join(request: JoinRequest): Promise<void>;
  leave(force: boolean): Promise<void>;
  unlock(key: string): Promise<void>;
  /** The key that unlocks managers, "" when autolock is off. */
  unlockKey(): Promise<string>;
  /** The cluster's API, answered here or by the leader. Faults unavailable when this is no manager: see `status`. */
  control(): Client<typeof Control>;
  logs(): Client<typeof Logs>;
  usage(): Client<typeof Usage>;
  /** What is wrong with the nodes' networks; Faults as with `control`. */
  doctor(): Client<typeof NetworkDoctor>;
  /** The managers as this one sees them now, also while none leads; none on a worker. */
  members(): readonly MemberStatus[];
  /** The term that this manager is in, which every vote for a leader begins anew (Raft); 0 on a worker. */
  term(): bigint;
  /**
   * Reads the swarm's state as this manager knows it, also while none leads: it may be behind the leader's. Fault
   * unavailable when this is no manager.
   */
  view<T>(callback: (tx: ReadTx) => T): T;
  /**
   * Committed changes from now on, each time all that came since the last, until `signal` aborts; ends with Fault
   * resource_exhausted when the reader is too slow, and aborted when a manager that was far behind got the whole state for
   * what it missed: then `view` it again. On a node that is no manager it just waits.
   */
  changes(signal: AbortSignal): AsyncIterable<readonly StoreEvent[]>;
  /**
   * The swarm's state as this manager has it now, with this manager's identity, sealed under a passphrase. Faults:
   * unavailable when this is no manager, invalid_argument for a passphrase that is too short.
   */
  backup(passphrase: string): Promise<Uint8Array>;
  /**
   * Makes this node, which must be in no swarm, the sole manager of the backup's; resolves with its id once it serves.
   * Fault invalid_argument for a file that cannot be used; nothing is written then.
   */
  restore(request: RestoreRequest): Promise<string>;
}
