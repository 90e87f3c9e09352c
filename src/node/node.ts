import type { MemberStatus } from "../consensus/member.ts";
import type { InitRequest, JoinRequest, RestoreRequest, SwarmBackend, SwarmStatus } from "../docker-api/backend.ts";
import { onAbort } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Manager } from "../manager/manager.ts";
import { parseCredentials } from "../pki/credentials.ts";
import { formatUnlockKey, parseUnlockKey } from "../pki/unlock-key.ts";
import type { Client } from "../ports/transport.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { NetworkDoctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import type { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { readBackup, restorationOf, stateIn, takeBackup } from "./backup.ts";
import { whyManagerStays } from "./departure.ts";
import type { NodeDoors } from "./doors.ts";
import { found } from "./found.ts";
import { checkToken, enrollNode } from "./join.ts";
import { removeTasksOfMember } from "./leaving.ts";
import { readMembership } from "./membership.ts";
import { newState, stateForNewCluster } from "./new-state.ts";
import { Participation } from "./participation.ts";
import { outside, type Standing, statusOf } from "./standing.ts";
import { forgetMembership, logIn, type NodeState, saveState } from "./state-file.ts";
import * as texts from "./texts.ts";
import { within } from "./within.ts";

/** How long `join` waits for its outcome before it answers that it goes on in the background. Docker's figure. */
const joinWaitMs = 20_000;

/** How long `init` waits for the new manager's own node to be described. */
const describeWaitMs = 5_000;

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
  readonly #part: Participation;

  constructor(options: NodeOptions) {
    this.#doors = options.doors;
    this.#directory = options.directory;
    this.#part = new Participation({ ...options, changes: this.#changes });
  }

  /** Takes up the membership that the disk tells of. A fault in it is told by `status`, not thrown. */
  start(): Promise<void> {
    return this.#changes.run(async () => void (await this.#part.resume()));
  }

  /** Stops taking part; running tasks go on and the membership is kept. */
  stop(): Promise<void> {
    return this.#changes.run(async () => {
      const standing = this.#part.standing;
      this.#part.stand(outside);
      if (standing.at === "joining") standing.giveUp.abort();
      if (standing.at === "member") await standing.member.stop();
    });
  }

  status(): SwarmStatus {
    return statusOf(this.#part.standing);
  }

  init(request: InitRequest): Promise<string> {
    return this.#changes.run(async () => {
      if (request.forceNewCluster && this.#part.standing.at !== "outside") return this.#forceNewCluster(request);
      this.#requireOutside();
      const state = await newState({ ...request, remotes: [] }, this.#doors.addresses);
      this.#requireOutside();
      const { files, beginning } = await found(request, this.#doors);
      const member = await this.#part.enter({ files, state, beginning });
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
    this.#part.stand(joining);
    const outcome = this.#joinUntil(request, state, joining).catch(error => {
      // Only a join that still goes on may end by its own failure; a `leave` has taken its place otherwise.
      if (this.#part.standing === joining) this.#part.stand(outside);
      this.#doors.log.warn("could not join the swarm", { reason: asFault(error).message });
      throw error;
    });
    await within(this.#doors.clock, joinWaitMs, outcome, () => {
      throw new Fault("unavailable", texts.joinTimedOut);
    });
  }

  leave(force: boolean): Promise<void> {
    // A running join holds no lock while it waits for others.
    if (this.#part.standing.at === "joining") this.#part.standing.giveUp.abort();
    return this.#changes.run(async () => {
      const standing = this.#part.standing;
      if (standing.at === "outside") throw new Fault("unavailable", texts.notInSwarm);
      if (!force) await this.#checkMayLeave(standing);
      if (standing.at === "member") await standing.member.leave(force);
      if (standing.at === "fault" || standing.at === "locked") await removeTasksOfMember(this.#doors, this.#directory);
      this.#part.stand(outside);
      this.#part.unlockKey = undefined;
      await forgetMembership(this.#doors.disk, this.#directory);
    });
  }

  unlock(text: string): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#part.standing.at !== "locked") throw new Fault("already_exists", texts.notLocked);
      this.#part.unlockKey = parseUnlockKey(text);
      const fault = await this.#part.resume();
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
    return this.#part.standing.at === "member" ? this.#part.standing.member.manager : undefined;
  }

  /** When this node's certificate runs out, milliseconds since 1970; undefined while it is in no swarm. */
  get certificateNotAfterMs(): number | undefined {
    return this.#part.standing.at === "member" ? this.#part.standing.member.credentials.notAfterMs : undefined;
  }

  /** Whether a manager leads this node now; undefined while it is in no swarm. */
  get isLed(): boolean | undefined {
    return this.#part.standing.at === "member" ? this.#part.standing.member.worker.link().connected : undefined;
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

  doctor(): Client<typeof NetworkDoctor> {
    return this.#manager().doctor;
  }

  members(): readonly MemberStatus[] {
    return this.manager?.members() ?? [];
  }

  term(): bigint {
    return this.manager?.term ?? 0n;
  }

  view<T>(callback: (tx: ReadTx) => T): T {
    return this.#manager().view(callback);
  }

  async *changes(signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    while (!signal.aborted) {
      const either = AbortSignal.any([signal, this.#part.managerLeft]);
      const { manager } = this;
      if (manager) yield* manager.changes(either);
      else await new Promise<void>(resolve => onAbort(either, resolve));
    }
  }

  async backup(passphrase: string): Promise<Uint8Array> {
    const snapshot = await this.#manager().consensus.capture();
    const standing = this.#part.standing;
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
      const member = await this.#part.enter({ files: restoration.files, state, beginning }, restoration);
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

  #manager(): Manager {
    const standing = this.#part.standing;
    if (standing.at === "locked") throw new Fault("unavailable", texts.locked);
    if (standing.at !== "member") throw new Fault("unavailable", texts.notManager);
    if (!standing.member.manager) throw new Fault("unavailable", texts.workerAsked);
    return standing.member.manager;
  }

  #requireOutside(): void {
    if (this.#part.standing.at !== "outside") throw new Fault("unavailable", texts.alreadyInSwarm);
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
      return this.#part.enter({ files, state });
    });
    await member.settled();
  }

  /** Starts the swarm anew from what this manager has of it, alone. */
  async #forceNewCluster(request: InitRequest): Promise<string> {
    const standing = this.#part.standing;
    if (standing.at === "joining") throw new Fault("unavailable", texts.alreadyInSwarm);
    if (standing.at === "locked") throw new Fault("unavailable", texts.locked);
    this.#part.keepUnlockKey();
    const membership = await readMembership(this.#place(), this.#part.unlockKey);
    if (!membership || parseCredentials(membership.files).role !== "manager")
      throw new Fault("unavailable", texts.notParticipating);
    const state = await stateForNewCluster(request, membership.state, this.#doors.addresses);
    try {
      if (standing.at === "member") await standing.member.stop();
      await saveState(this.#doors.disk, this.#directory, state);
      return (await this.#part.become({ ...membership, state, beginning: { kind: "force-new-cluster" } })).nodeId;
    } catch (error) {
      this.#part.fail(asFault(error));
      void this.#part.resumeLater(1);
      throw error;
    }
  }

  #place() {
    return { ...this.#doors, directory: this.#directory };
  }
}
