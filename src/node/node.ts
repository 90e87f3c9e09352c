import type { MemberStatus } from "../consensus/member.ts";
import type { InitRequest, JoinRequest, RestoreRequest, SwarmBackend, SwarmStatus } from "../docker-api/backend.ts";
import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { onAbort } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Manager } from "../manager/manager.ts";
import { parseCredentials } from "../pki/credentials.ts";
import { formatUnlockKey, parseUnlockKey } from "../pki/unlock-key.ts";
import { sleep } from "../ports/clock.ts";
import type { Client } from "../ports/transport.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { type Restoration, readBackup, restorationOf, stateIn, takeBackup, writeLog } from "./backup.ts";
import { whyManagerStays } from "./departure.ts";
import type { NodeDoors } from "./doors.ts";
import { found } from "./found.ts";
import { checkToken, enrollNode } from "./join.ts";
import { removeTasksOfMember } from "./leaving.ts";
import { Member } from "./member.ts";
import { type Membership, noteFounded, readMembership, writeMembership } from "./membership.ts";
import { newState, stateForNewCluster } from "./new-state.ts";
import { outside, type Standing, statusOf } from "./standing.ts";
import { addressOf, forgetMembership, loadState, logIn, type NodeState, saveState } from "./state-file.ts";
import * as texts from "./texts.ts";
import { within } from "./within.ts";

/** How long `join` waits for its outcome before it answers that it goes on in the background. Docker's figure. */
const joinWaitMs = 20_000;

/** How long `init` waits for the new manager's own node to be described. */
const describeWaitMs = 5_000;

/** Between tries to take up a membership. An address that is in use, or a full disk, may be free a moment later. */
const resumeBackoff: Backoff = { firstMs: 500, longestMs: 30_000 };

export interface NodeOptions {
  readonly doors: NodeDoors;
  /** Directory for everything of the swarm's; wiped when the node leaves. */
  readonly directory: string;
}

/** One machine's node: founds, joins and leaves swarms, and finds its way back into its swarm after a restart. */
export class Node implements SwarmBackend {
  readonly #doors: NodeDoors;
  readonly #directory: string;
  /** Changes of standing come one after the other. */
  readonly #changes = new Mutex();
  #standing: Standing = outside;
  /** What this manager's keys were unlocked or locked with last, for as long as the daemon runs. */
  #unlockKey: Uint8Array | undefined;
  /** Aborts when `#standing` is left for another. */
  #left = new AbortController();
  /** Aborts when another manager serves than before, or none any more. */
  #managerLeft = new AbortController();

  constructor(options: NodeOptions) {
    this.#doors = options.doors;
    this.#directory = options.directory;
  }

  /** Takes up the membership that the disk tells of. A fault in it is told by `status`, not thrown. */
  start(): Promise<void> {
    return this.#changes.run(async () => void (await this.#resume(1)));
  }

  /** Stops taking part; running tasks go on and the membership is kept. */
  stop(): Promise<void> {
    return this.#changes.run(async () => {
      const standing = this.#standing;
      this.#stand(outside);
      if (standing.at === "joining") standing.giveUp.abort();
      if (standing.at === "member") await standing.member.stop();
    });
  }

  status(): SwarmStatus {
    return statusOf(this.#standing);
  }

  init(request: InitRequest): Promise<string> {
    return this.#changes.run(async () => {
      if (request.forceNewCluster && this.#standing.at !== "outside") return this.#forceNewCluster(request);
      this.#requireOutside();
      const state = await newState({ ...request, remotes: [] }, this.#doors.addresses);
      this.#requireOutside();
      const { files, beginning } = await found(request, this.#doors);
      const member = await this.#enter({ files, state, beginning });
      // The CLI looks at the node right away; an engine that does not answer must not keep the swarm from being.
      await within(this.#doors.clock, describeWaitMs, member.welcomed, () => {});
      return member.nodeId;
    });
  }

  async join(request: JoinRequest): Promise<void> {
    if (request.remotes.length === 0) throw new Fault("invalid_argument", "at least 1 RemoteAddr is required to join");
    checkToken(request.token);
    this.#requireOutside();
    const state = await newState(request, this.#doors.addresses);
    this.#requireOutside();
    const joining = { at: "joining", giveUp: new AbortController(), error: "" } satisfies Standing;
    this.#stand(joining);
    const outcome = this.#joinUntil(request, state, joining).catch(error => {
      // Only a join that still goes on may end by its own failure; a `leave` has taken its place otherwise.
      if (this.#standing === joining) this.#stand(outside);
      this.#doors.log.warn("could not join the swarm", { reason: asFault(error).message });
      throw error;
    });
    await within(this.#doors.clock, joinWaitMs, outcome, () => {
      throw new Fault("unavailable", texts.joinTimedOut);
    });
  }

  leave(force: boolean): Promise<void> {
    // A running join holds no lock while it waits for others.
    if (this.#standing.at === "joining") this.#standing.giveUp.abort();
    return this.#changes.run(async () => {
      const standing = this.#standing;
      if (standing.at === "outside") throw new Fault("unavailable", texts.notInSwarm);
      if (!force) await this.#checkMayLeave(standing);
      if (standing.at === "member") await standing.member.leave(force);
      if (standing.at === "fault" || standing.at === "locked") await removeTasksOfMember(this.#doors, this.#directory);
      this.#stand(outside);
      this.#unlockKey = undefined;
      await forgetMembership(this.#doors.disk, this.#directory);
    });
  }

  unlock(text: string): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#standing.at !== "locked") throw new Fault("already_exists", texts.notLocked);
      this.#unlockKey = parseUnlockKey(text);
      const fault = await this.#resume(1);
      if (fault?.code === "unauthenticated") throw new Fault("unauthenticated", texts.wrongUnlockKey, { cause: fault });
      if (fault) throw fault;
    });
  }

  async unlockKey(): Promise<string> {
    const { unlockKey } = await this.#manager().authority.getUnlockKey({});
    return unlockKey.length > 0 ? formatUnlockKey(unlockKey) : "";
  }

  /** This node's manager of the moment, to be measured. */
  get manager(): Manager | undefined {
    return this.#standing.at === "member" ? this.#standing.member.manager : undefined;
  }

  /** When this node's certificate runs out, milliseconds since 1970; undefined while it is in no swarm. */
  get certificateNotAfterMs(): number | undefined {
    return this.#standing.at === "member" ? this.#standing.member.credentials.notAfterMs : undefined;
  }

  control(): Client<typeof Control> {
    return this.#manager().control;
  }

  logs(): Client<typeof Logs> {
    return this.#manager().logs;
  }

  usage(): Client<typeof Usage> {
    return this.#manager().usage;
  }

  members(): readonly MemberStatus[] {
    return this.manager?.members() ?? [];
  }

  view<T>(callback: (tx: ReadTx) => T): T {
    return this.#manager().view(callback);
  }

  async *changes(signal: AbortSignal): AsyncIterable<StoreEvent> {
    while (!signal.aborted) {
      const either = AbortSignal.any([signal, this.#managerLeft.signal]);
      const { manager } = this;
      if (manager) yield* manager.changes(either);
      else await new Promise<void>(resolve => onAbort(either, resolve));
    }
  }

  async backup(passphrase: string): Promise<Uint8Array> {
    const snapshot = await this.#manager().consensus.capture();
    const standing = this.#standing;
    if (standing.at !== "member") throw new Fault("unavailable", texts.notManager);
    const { credentials, state } = standing.member;
    return takeBackup({ credentials, state, snapshot }, passphrase, this.#doors);
  }

  async restore(request: RestoreRequest): Promise<string> {
    this.#requireOutside();
    const backup = await readBackup(request.file, request.passphrase);
    return this.#changes.run(async () => {
      this.#requireOutside();
      const state = await stateForNewCluster(request, stateIn(backup), this.#doors.addresses);
      const restoration = await restorationOf(backup, state.advertiseAddress, this.#doors);
      const beginning = { kind: "force-new-cluster" } as const;
      const member = await this.#enter({ files: restoration.files, state, beginning }, restoration);
      return member.nodeId;
    });
  }

  /** Fault unavailable on a manager: with its files a part of the swarm's state goes, or all of it. */
  async #checkMayLeave(standing: Standing): Promise<void> {
    if (standing.at === "locked") throw new Fault("unavailable", texts.lockedLeaves);
    const isManager =
      standing.at === "member"
        ? standing.member.role === "manager"
        : standing.at === "fault" && (await this.#doors.disk.list(logIn(this.#directory))).length > 0;
    if (!isManager) return;
    const manager = standing.at === "member" ? standing.member.manager : undefined;
    throw new Fault("unavailable", whyManagerStays(manager?.members()));
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#left.abort();
    this.#left = new AbortController();
    this.#changeManager();
  }

  #changeManager(): void {
    this.#managerLeft.abort();
    this.#managerLeft = new AbortController();
  }

  #manager(): Manager {
    const standing = this.#standing;
    if (standing.at === "locked") throw new Fault("unavailable", texts.locked);
    if (standing.at !== "member") throw new Fault("unavailable", texts.notManager);
    if (!standing.member.manager) throw new Fault("unavailable", texts.workerAsked);
    return standing.member.manager;
  }

  #requireOutside(): void {
    if (this.#standing.at !== "outside") throw new Fault("unavailable", texts.alreadyInSwarm);
  }

  async #joinUntil(
    request: JoinRequest,
    state: NodeState,
    joining: Extract<Standing, { at: "joining" }>,
  ): Promise<void> {
    const { signal } = joining.giveUp;
    const files = await enrollNode(request, this.#doors, signal, fault => {
      joining.error = fault.message;
    });
    const member = await this.#changes.run(async () => {
      if (signal.aborted) throw new Fault("cancelled", "Cannot join the swarm: this node was told to leave it");
      return this.#enter({ files, state });
    });
    await member.settled();
  }

  /** Starts the swarm anew from what this manager has of it, alone. */
  async #forceNewCluster(request: InitRequest): Promise<string> {
    const standing = this.#standing;
    if (standing.at === "joining") throw new Fault("unavailable", texts.alreadyInSwarm);
    if (standing.at === "locked") throw new Fault("unavailable", texts.locked);
    this.#keepUnlockKey();
    const membership = await readMembership(this.#place(), this.#unlockKey);
    if (!membership || parseCredentials(membership.files).role !== "manager")
      throw new Fault("unavailable", texts.notParticipating);
    const state = await stateForNewCluster(request, membership.state, this.#doors.addresses);
    try {
      if (standing.at === "member") await standing.member.stop();
      await saveState(this.#doors.disk, this.#directory, state);
      return (await this.#become({ ...membership, state, beginning: { kind: "force-new-cluster" } })).nodeId;
    } catch (error) {
      this.#fail(asFault(error));
      void this.#resumeLater(1);
      throw error;
    }
  }

  /** Writes the membership down and takes it up; without a trace when that fails. */
  async #enter(membership: Membership, restoration?: Restoration): Promise<Member> {
    try {
      await writeMembership(this.#place(), membership);
      if (restoration) await writeLog(restoration, this.#doors, logIn(this.#directory));
      return await this.#become(membership);
    } catch (error) {
      await this.#doors.disk.remove(this.#directory);
      throw error;
    }
  }

  /**
   * Takes up the membership on the disk; as long as that fails for reasons that may pass, again and again. Resolves with
   * the fault of this time.
   */
  async #resume(attempt: number): Promise<Fault | undefined> {
    try {
      const membership = await readMembership(this.#place(), this.#unlockKey);
      if (membership) await this.#become(membership);
      return undefined;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "unauthenticated") return this.#lock(fault);
      this.#fail(fault);
      if (fault.code !== "data_loss") void this.#resumeLater(attempt);
      return fault;
    }
  }

  async #lock(fault: Fault): Promise<Fault> {
    this.#doors.log.warn(texts.locked);
    this.#unlockKey = undefined;
    const state = await loadState(this.#doors.disk, this.#directory);
    this.#stand({ at: "locked", address: state ? addressOf(state) : "" });
    return fault;
  }

  /** Whoever takes the membership up from the disk once more is not to be asked for the key again. */
  #keepUnlockKey(): void {
    if (this.#standing.at === "member") this.#unlockKey = this.#standing.member.lock.key;
  }

  async #resumeLater(attempt: number): Promise<void> {
    const { clock, random } = this.#doors;
    const left = this.#left.signal;
    await sleep(clock, backoffMs(resumeBackoff, attempt, random.float()), left);
    await this.#changes.run(async () => {
      if (!left.aborted) await this.#resume(attempt + 1);
    });
  }

  async #become(membership: Membership): Promise<Member> {
    const onBroken = (fault: Fault): void => {
      this.#changes.run(() => this.#stepDown(fault)).catch(error => this.#fail(asFault(error)));
    };
    const onManager = (): void => this.#changeManager();
    const member = await Member.start({
      ...membership,
      doors: this.#doors,
      directory: this.#directory,
      onBroken,
      onManager,
    });
    if (membership.beginning) await this.#noteFounded(member);
    this.#stand({ at: "member", member });
    return member;
  }

  /** Only from here on does the swarm count: a crash before leaves none, and nobody has been told of it. */
  async #noteFounded(member: Member): Promise<void> {
    try {
      await noteFounded(this.#place(), member.state);
    } catch (error) {
      await member.stop();
      throw error;
    }
  }

  /** The log is broken: this manager must not answer any more. Its files stay for whoever repairs the disk. */
  async #stepDown(fault: Fault): Promise<void> {
    if (this.#standing.at !== "member") return;
    const { member } = this.#standing;
    this.#keepUnlockKey();
    this.#fail(fault);
    await member.stop();
  }

  #fail(fault: Fault): void {
    this.#doors.log.error("this node cannot take part in its swarm", { reason: fault.message });
    this.#stand({ at: "fault", error: fault.message });
  }

  #place() {
    return { ...this.#doors, directory: this.#directory };
  }
}
