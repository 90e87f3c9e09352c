import type { KnownManager } from "../agent/manager-book.ts";
import { roleOf } from "../ca/new-node.ts";
import { defined } from "../lib/assert.ts";
import { asFault, type Fault } from "../lib/fault.ts";
import type { ManagerBeginning } from "../manager/beginning.ts";
import { Manager } from "../manager/manager.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import type { NodeFiles } from "../pki/key-file.ts";
import type { KeyLock } from "../pki/key-lock.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Caller, Transport } from "../ports/transport.ts";
import type { Node } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { IssuanceStatus_State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Worker } from "../worker/worker.ts";
import { describeNode } from "./description.ts";
import type { NodeDoors } from "./doors.ts";
import { Keyring } from "./keyring.ts";
import { removeTasks } from "./leaving.ts";
import { LockFollower } from "./lock-follower.ts";
import { askLock } from "./manager-lock.ts";
import { ManagerSeat, type SeatHooks } from "./manager-seat.ts";
import { Renewal } from "./renewal.ts";
import { SeatedManager } from "./seated-manager.ts";
import { addressOf, certificatesIn, dataAddressOf, logIn, type NodeState } from "./state-file.ts";
import { expired } from "./texts.ts";

export interface MemberOptions {
  readonly doors: NodeDoors;
  /** The swarm's directory on this node. */
  readonly directory: string;
  readonly files: NodeFiles;
  readonly state: NodeState;
  /** How the manager begins, where that is not just to go on with what is on the disk. */
  readonly beginning?: Extract<ManagerBeginning, { kind: "found" | "force-new-cluster" }>;
  /** Called when this node cannot go on as a manager. */
  readonly onBroken: (fault: Fault) => void;
  /** Called when there is another manager than before, or none any more. */
  readonly onManager: () => void;
}

/** A node's life in one swarm: its identity, the worker that runs its tasks, and its manager while it is one. */
export class Member {
  readonly nodeId: string;
  readonly worker: Worker;
  /** Resolves when a manager has taken this node's worker up for the first time. */
  readonly welcomed: Promise<void>;
  readonly #options: MemberOptions;
  readonly #runtime: Runtime;
  readonly #identity: LiveIdentity;
  readonly #transport: Transport;
  readonly #keyring: Keyring;
  readonly #seat: ManagerSeat<SeatedManager>;
  readonly #renewal: Renewal;
  readonly #stopping = new AbortController();
  #role: Caller["role"];
  #welcome = (): void => {};

  private constructor(options: MemberOptions, credentials: Credentials, runtime: Runtime) {
    const { doors } = options;
    this.nodeId = credentials.nodeId;
    this.welcomed = new Promise(resolve => {
      this.#welcome = resolve;
    });
    this.#options = options;
    this.#runtime = runtime;
    this.#role = credentials.role;
    this.#identity = new LiveIdentity(credentials);
    this.#transport = doors.transport(this.#identity, nodeId => this.manager?.isRemoved(nodeId) ?? false);
    this.#seat = this.#newSeat();
    this.#keyring = this.#newKeyring();
    this.worker = this.#newWorker();
    this.#renewal = this.#newRenewal();
    this.#identity.onChange(() => {
      this.#followRole();
      this.worker.describeAgain();
    });
  }

  /**
   * Starts everything. Resolves when the manager serves, or when the worker has begun to look for one; a manager that has
   * yet to join the others does so in the background. After a Fault nothing runs; not_found when a manager's log is gone.
   */
  static async start(options: MemberOptions): Promise<Member> {
    const credentials = parseCredentials(options.files);
    const runtime = await options.doors.runtime(
      credentials.nodeId,
      addressOf(options.state),
      dataAddressOf(options.state),
    );
    const member = new Member(options, credentials, runtime);
    try {
      await member.worker.recall();
      await member.#seat.begin(member.role, options.beginning);
      await member.worker.start();
      member.#renewal.start();
      return member;
    } catch (error) {
      await member.stop();
      throw error;
    }
  }

  /** Undefined on a worker, and while a manager is being prepared. */
  get manager(): Manager | undefined {
    return this.#seat.manager?.manager;
  }

  /** What its keys are locked with on the disk. */
  get lock(): KeyLock {
    return this.#keyring.lock;
  }

  /** What this node proves itself with now. */
  get credentials(): Credentials {
    return defined(this.#identity.current(), "a member's credentials");
  }

  /** What its certificate says. */
  get role(): Caller["role"] {
    return this.#role;
  }

  get state(): NodeState {
    return this.#options.state;
  }

  /** The address other nodes know this one by, without port. */
  get address(): string {
    return addressOf(this.state);
  }

  /** How this node takes part, and why it does not as it ought to: "" when it does, or has not tried yet. */
  condition(): { readonly state: "active" | "pending" | "error"; readonly error: string } {
    const link = this.worker.link();
    const { role, notAfterMs } = this.credentials;
    if (notAfterMs < this.#options.doors.clock.now())
      return { state: link.connected ? "active" : "error", error: expired(role, notAfterMs) };
    const trouble = this.#seat.trouble();
    if (trouble) return { state: trouble.isFinal ? "error" : "pending", error: trouble.text };
    return { state: "active", error: link.connected ? "" : (link.fault?.message ?? "") };
  }

  /** The managers this node knows, itself included. */
  managers(): readonly KnownManager[] {
    return this.worker.managers();
  }

  /** Resolves when this node is led by a manager and, if it is to be one itself, serves. */
  async settled(): Promise<void> {
    await this.welcomed;
    if (this.#role === "manager") await this.#seat.taken;
  }

  /** Stops serving and lets go of everything. Tasks go on running. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#renewal.stop();
    await this.worker.stop();
    await this.#seat.stop();
    await this.#runtime.close();
  }

  /**
   * Stops, and ends and removes every task of this node's; a manager takes its leave of the others if they can do without
   * it. Unless `force` is set it takes place only while the runtime can be reached: a Fault then, and nothing has changed.
   */
  async leave(force: boolean): Promise<void> {
    const { log } = this.#options.doors;
    if (!force) await this.#runtime.list();
    this.#stopping.abort();
    await this.#renewal.stop();
    await this.worker.stop();
    await removeTasks(this.#runtime, log);
    await this.manager
      ?.leaveQuorum()
      .catch(error => log.warn("left without taking leave of the other managers", { reason: asFault(error).message }));
    await this.#seat.stop();
    await this.#runtime.close();
  }

  /** The renewed certificate has another role than the one before: the swarm has promoted or demoted this node. */
  #followRole(): void {
    const { role } = this.credentials;
    if (role === this.#role) return;
    this.#role = role;
    this.#seat.follow(role);
  }

  /** What the managers say of this node. */
  #heed({ role, certificate }: Node): void {
    this.#renewal.want(roleOf(role));
    if (certificate?.status?.state === IssuanceStatus_State.ROTATE) void this.#renewal.demand();
  }

  #others(): string[] {
    const { advertiseAddress } = this.state;
    const others = this.managers().filter(each => each.nodeId !== this.nodeId && each.address !== advertiseAddress);
    return others.map(each => each.address);
  }

  #newSeat(): ManagerSeat<SeatedManager> {
    const { doors, directory, onManager } = this.#options;
    return new ManagerSeat<SeatedManager>({
      ...doors,
      directory: logIn(directory),
      others: () => this.#others(),
      hasBegunLog: () => this.#keyring.hasBegunLog(),
      open: (beginning, hooks) => this.#openManager(beginning, hooks),
      onChange: () => {
        doors.prioritise?.(this.manager !== undefined);
        onManager();
      },
    });
  }

  async #openManager(beginning: ManagerBeginning, hooks: SeatHooks): Promise<SeatedManager> {
    const { doors, directory, state, onBroken } = this.#options;
    const { disk, clock, random, log, meters } = doors;
    const manager = await Manager.start({
      ...{ disk, clock, random, log, meters, onBroken, beginning, ...hooks },
      transport: this.#transport,
      https: doors.https(this.#identity),
      self: this.credentials,
      listenAddress: state.listenAddress,
      advertiseAddress: state.advertiseAddress,
      directory: logIn(directory),
      dataKey: this.#keyring.dataKey(),
      nextDataKey: this.#keyring.nextDataKey(),
    });
    try {
      await this.#keyring.noteLog();
      const renew = () => this.#renewal.demand();
      return new SeatedManager(manager, new LockFollower({ ...doors, manager, keyring: this.#keyring, renew }));
    } catch (error) {
      await manager.stop();
      throw error;
    }
  }

  #newKeyring(): Keyring {
    const { doors, directory, files } = this.#options;
    const place = { disk: doors.disk, random: doors.random, directory: certificatesIn(directory) };
    return new Keyring({ ...place, files, beforeNewDataKey: () => this.#seat.empty() });
  }

  #newWorker(): Worker {
    const { doors, directory, state } = this.#options;
    const { disk, clock, random, log } = doors;
    return new Worker({
      ...{ disk, clock, random, log, transport: this.#transport, runtime: this.#runtime },
      directory: `${directory}/worker`,
      nodeId: this.nodeId,
      managers: state.managers,
      describe: () => describeNode(this.#runtime, this.#identity, this.state),
      onNode: node => this.#heed(node),
      onRootCa: pem => this.#renewal.trust(Buffer.from(pem).toString()),
      onLink: link => {
        if (link.connected) this.#welcome();
      },
      onSession: (connection, sessionId, signal) => {
        void this.#runtime.followNetworks?.(connection, sessionId, signal);
      },
    });
  }

  #newRenewal(): Renewal {
    const { clock, random, log } = this.#options.doors;
    return new Renewal({
      ...{ clock, random, log, identity: this.#identity, transport: this.#transport },
      managers: () => this.managers().map(manager => manager.address),
      own: () => this.manager?.certificates,
      save: renewed => this.#save(renewed),
    });
  }

  /** A new manager's keys are locked from the first: they are never written in clear where others are locked. */
  async #save(renewed: Credentials): Promise<void> {
    if (renewed.role === "worker" || this.#role === "manager") return this.#keyring.save(renewed);
    const transport = this.#options.doors.transport(new LiveIdentity(renewed), () => false);
    await this.#keyring.save(renewed, await askLock(transport, this.#others(), this.#stopping.signal));
  }
}
