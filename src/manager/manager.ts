import type { Consensus } from "../consensus/consensus.ts";
import { type Leadership, noLeader } from "../consensus/leadership.ts";
import type { MemberStatus } from "../consensus/member.ts";
import { ChangingSealer } from "../consensus/sealer.ts";
import type { Quorum } from "../control/quorum.ts";
import { onAbort } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import { sleep } from "../ports/clock.ts";
import type { Client, Handlers, Registration } from "../ports/transport.ts";
import { Store } from "../store/store.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { NetworkDoctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { cutOffFormer } from "./cut-off.ts";
import { LeaderLink } from "./leader-link.ts";
import { LeaderRoute } from "./leader-route.ts";
import { LeaderSeat } from "./leader-seat.ts";
import { LeaderUnit, type LeaderUnitParts } from "./leader-unit.ts";
import { LeaderWatch } from "./leader-watch.ts";
import { localClient } from "./local-client.ts";
import type { ManagerOptions } from "./manager-options.ts";
import { type ManagerServices, managerServices } from "./manager-services.ts";
import { announceAddress, caughtUp, enterQuorum, type QuorumEntry } from "./quorum-entry.ts";

type ClientService =
  | typeof Control
  | typeof Logs
  | typeof Usage
  | typeof NetworkDoctor
  | typeof CA
  | typeof NodeCA
  | typeof RaftMembership;

/** How long a manager that can only lead by itself may take to do so. */
const leadLimitMs = 30_000;
/** How long a leader that stops waits for another one to take over. */
const handOverMs = 1_000;
/** How long leaving the quorum may take once somebody leads. */
const leaveLimitMs = 10_000;

/** A manager's services as one unit: its part of the quorum, what agents and clients call, and the leader's loops when it leads. */
export class Manager {
  /** Calls go to the leader, this manager or another one: see `LeaderRoute`. */
  readonly control: Client<typeof Control>;
  readonly logs: Client<typeof Logs>;
  readonly usage: Client<typeof Usage>;
  readonly doctor: Client<typeof NetworkDoctor>;
  readonly authority: Client<typeof CA>;
  readonly certificates: Client<typeof NodeCA>;
  readonly #options: ManagerOptions;
  readonly #store: Store;
  readonly #watch: LeaderWatch;
  readonly #link: LeaderLink;
  readonly #seat: LeaderSeat<LeaderUnit>;
  readonly #services: ManagerServices;
  readonly #sealer: ChangingSealer;
  readonly #stopping = new AbortController();
  #consensus: Consensus | undefined;
  #broken: Fault | undefined;
  /** What `stop` undoes, last first. */
  readonly #stops: (() => Promise<void> | void)[] = [];

  private constructor(options: ManagerOptions) {
    const { self, clock, random, log, meters, transport, https } = options;
    this.#options = options;
    this.#sealer = new ChangingSealer(options.dataKey, random);
    if (options.nextDataKey) this.#sealer.change(options.nextDataKey);
    const store = new Store({ clock });
    this.#store = store;
    const watch = new LeaderWatch(clock);
    this.#watch = watch;
    this.#link = new LeaderLink({ transport, clock, watch });
    const quorum: Quorum = {
      members: () => this.members(),
      remove: nodeId => this.consensus.removeMember(nodeId),
      handOver: () => this.consensus.transferLeadership(),
    };
    const parts: LeaderUnitParts = { ...{ store, clock, random, log, meters, quorum }, nodeId: self.nodeId };
    const onBroken = (fault: Fault) => this.#break(fault);
    this.#seat = new LeaderSeat({ ...{ clock, log, onBroken }, make: () => new LeaderUnit(parts) });
    this.#services = managerServices({
      ...parts,
      ...{ transport, https, seat: this.#seat },
      consensus: this.#lateConsensus(),
      raft: () => this.consensus.registrations,
      hasLog: () => this.#consensus !== undefined,
      routing: {
        route: new LeaderRoute({ watch, clock, link: this.#link }),
        readBarrier: () => this.consensus.readBarrier(),
      },
    });
    this.control = this.#client(Control, this.#services.control);
    this.logs = this.#client(Logs, this.#services.logs);
    this.usage = this.#client(Usage, this.#services.usage);
    this.doctor = this.#client(NetworkDoctor, this.#services.doctor);
    this.authority = this.#client(CA, this.#services.authority);
    this.certificates = this.#client(NodeCA, this.#services.certificates);
  }

  /**
   * Resolves for a swarm's only manager when it leads and serves; for one that joins when it is a member and has caught up, or
   * some seconds later; for one of several that resumes when it has read its log and listens: it does not wait for others.
   * Faults: data_loss for a damaged log, failed_precondition for an address that is taken, not_found without a log or others
   * to ask for it, permission_denied when this node is not to be a manager, cancelled when `options.signal` aborted.
   */
  static async start(options: ManagerOptions): Promise<Manager> {
    const manager = new Manager(options);
    const unhook = options.signal ? onAbort(options.signal, () => manager.#stopping.abort()) : () => {};
    try {
      await manager.#begin();
      return manager;
    } catch (error) {
      await manager.stop();
      // What is waited for never comes when it is broken: that is the reason then.
      throw manager.#broken ?? error;
    } finally {
      unhook();
    }
  }

  /** This manager's part of the quorum. Fault unavailable while it is being prepared. */
  get consensus(): Consensus {
    if (!this.#consensus) throw new Fault("unavailable", "this manager is being prepared");
    return this.#consensus;
  }

  /** The managers in the quorum, as far as this one knows. */
  members(): readonly MemberStatus[] {
    return this.#consensus?.members ?? [];
  }

  /** The term of its part of the quorum; 0 while that is being prepared. */
  get term(): bigint {
    return this.#consensus?.status().raft.term ?? 0n;
  }

  leadership(): Leadership {
    return this.#watch.current;
  }

  /** Committed changes from now on; see `SwarmBackend.changes`. */
  changes(signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    return this.#store.watch({ signal });
  }

  /** Index of the last log entry that the swarm's state has taken in. */
  get version(): bigint {
    return this.#store.version;
  }

  /** Reads the swarm's state, as it is committed and known here: behind the leader's on other managers. */
  view<T>(callback: (tx: ReadTx) => T): T {
    return this.#store.view(callback);
  }

  /** The cluster object as this manager knows it; undefined before it knows anything. */
  cluster(): Cluster | undefined {
    return this.#store.view(findCluster);
  }

  /** Tells each change of the cluster object, as this manager knows it, until the returned function is called. */
  onCluster(changed: () => void): () => void {
    const stops = [this.#store.onRestore(changed), this.#store.onCommit(changed, ["cluster"])];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Seals log and snapshots with another key from now on; resolves when nothing is left under the one before. */
  async changeDataKey(next: Uint8Array): Promise<void> {
    this.#sealer.change(next);
    await this.consensus.reseal();
  }

  /** Whether a node was removed from the swarm though its certificate still holds. */
  isRemoved(nodeId: string): boolean {
    return this.#store.view(tx => nodeId in (findCluster(tx)?.blacklistedCertificates ?? {}));
  }

  /**
   * Ends this manager's membership in the quorum; it is to be stopped then. Faults: failed_precondition when the others
   * could not go on without it, unavailable when nobody leads.
   */
  async leaveQuorum(): Promise<void> {
    const { consensus } = this;
    const others = consensus.members.filter(({ raftId, isVoter }) => isVoter && raftId !== consensus.raftId);
    if (others.length === 0)
      throw new Fault("failed_precondition", "Removing the last manager erases all current state of the swarm");
    if (this.leadership().kind === "leading") await consensus.transferLeadership();
    const node = { nodeId: this.#options.self.nodeId, raftId: consensus.raftId };
    const membership = this.#client(RaftMembership, this.#services.membership);
    const limit = new AbortController();
    const timer = this.#options.clock.after(leaveLimitMs, () => limit.abort());
    try {
      await membership.leave({ node }, { signal: limit.signal });
    } finally {
      timer.cancel();
    }
  }

  /** Stops serving; running tasks go on. A leader lets another manager take over first, when one can. */
  async stop(): Promise<void> {
    await this.#handOver();
    this.#stopping.abort();
    for (const stop of this.#stops.splice(0).reverse()) await stop();
    this.#link.close();
  }

  async #begin(): Promise<void> {
    const { transport, listenAddress, beginning } = this.#options;
    // Who lets this manager into the quorum dials back first, so it listens before it is a member.
    const listener = await transport.listen(listenAddress, this.#services.all);
    this.#stops.push(() => listener.close(), cutOffFormer(this.#store, listener));
    const entry = this.#entry();
    const { consensus, isNew } = await enterQuorum(entry, beginning);
    this.#consensus = consensus;
    this.#stops.push(() => consensus.close());
    this.#watch.set(consensus.leadership);
    if (beginning.kind === "found") await this.#found(beginning);
    this.#stops.push(
      () => this.#seat.close(),
      this.#watch.onChange(leadership => this.#seat.set(leadership)),
    );
    this.#seat.set(this.#watch.current);
    if (beginning.kind === "resume") this.#announce(consensus, entry, beginning.managers);
    if (this.#leadsAlone(consensus)) await this.#serving();
    // Only now: what it has to catch up with comes through what is served above.
    if (isNew) await caughtUp(consensus, this.#options.clock, this.#stopping.signal);
  }

  #entry(): QuorumEntry {
    const { self, advertiseAddress, ...options } = this.#options;
    return {
      ...options,
      ...{ store: this.#store, onBroken: (fault: Fault) => this.#break(fault) },
      sealer: this.#sealer,
      self: { nodeId: self.nodeId, address: advertiseAddress },
      signal: this.#stopping.signal,
      // What is told before the log is open is asked for when it is.
      onLeadership: leadership => {
        if (this.#consensus) this.#watch.set(leadership);
      },
    };
  }

  async #found({ cluster, node }: Extract<ManagerOptions["beginning"], { kind: "found" }>): Promise<void> {
    await this.#watch.until(({ kind }) => kind === "leading", leadLimitMs, this.#stopping.signal);
    await this.#store.update(tx => {
      tx.cluster.create(cluster);
      tx.node.create(node);
    });
  }

  #leadsAlone({ members, raftId }: Consensus): boolean {
    const voters = members.filter(({ isVoter }) => isVoter);
    return voters.length === 1 && voters[0]?.raftId === raftId;
  }

  async #serving(): Promise<void> {
    const { signal } = this.#stopping;
    await this.#watch.until(({ kind }) => kind === "leading", leadLimitMs, signal);
    if (this.#watch.current.kind !== "leading") throw noLeader();
    await this.#seat.serving(signal);
  }

  /** In the background: nobody waits for an address that is right already, or for a quorum that is not there. */
  #announce(consensus: Consensus, entry: QuorumEntry, managers: readonly string[]): void {
    const { log } = this.#options;
    const announced = this.#leadsAlone(consensus)
      ? this.#serving().then(() => this.#announceAlone(consensus))
      : announceAddress(consensus, entry, managers);
    announced.catch((error: unknown) => {
      if (!entry.signal.aborted) log.warn("cannot tell this manager's address", { reason: asFault(error).message });
    });
  }

  async #announceAlone(consensus: Consensus): Promise<void> {
    const { self, advertiseAddress } = this.#options;
    const known = consensus.members.find(({ raftId }) => raftId === consensus.raftId);
    if (known?.address !== advertiseAddress) await consensus.addMember(self.nodeId, advertiseAddress);
  }

  async #handOver(): Promise<void> {
    const consensus = this.#consensus;
    if (consensus?.leadership.kind !== "leading" || this.#leadsAlone(consensus)) return;
    const done = new AbortController();
    const handedOver = consensus.transferLeadership().catch((error: unknown) => {
      this.#options.log.info("cannot hand over leadership", { reason: asFault(error).message });
    });
    await Promise.race([handedOver.finally(() => done.abort()), sleep(this.#options.clock, handOverMs, done.signal)]);
  }

  #break(fault: Fault): void {
    this.#broken ??= fault;
    this.#options.onBroken(fault);
  }

  #lateConsensus() {
    const consensus = () => this.consensus;
    return {
      addMember: (...member: Parameters<Consensus["addMember"]>) => consensus().addMember(...member),
      removeMember: (nodeId: string) => consensus().removeMember(nodeId),
      get members() {
        return consensus().members;
      },
      get removedRaftIds() {
        return consensus().removedRaftIds;
      },
    };
  }

  #client<S extends ClientService>(service: S, of: Registration): Client<S> {
    return localClient(service, of.handlers as Handlers<S>, this.#options.self);
  }
}
