import type { InitRequest, JoinRequest, SwarmBackend, SwarmStatus } from "../docker-api/backend.ts";
import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { onAbort } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Manager } from "../manager/manager.ts";
import { loadNodeFiles, saveNodeFiles } from "../pki/key-file.ts";
import { sleep } from "../ports/clock.ts";
import type { Client } from "../ports/transport.ts";
import type { StoreEvent } from "../store/tx.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { chooseAddresses, type NodeAddresses } from "./addresses.ts";
import type { NodeDoors } from "./doors.ts";
import { found } from "./found.ts";
import { checkToken, enrollNode } from "./join.ts";
import { removeTasksOfMember } from "./leaving.ts";
import { Member, type MemberOptions } from "./member.ts";
import { certificatesIn, forgetMembership, loadState, logIn, type NodeState, saveState } from "./state-file.ts";
import * as texts from "./texts.ts";

/** How long `join` waits for its outcome before it answers that it goes on in the background. Docker's figure. */
const joinWaitMs = 20_000;

/** How long `init` waits for the new manager's own node to be described. */
const describeWaitMs = 5_000;

/** Between tries to take up a membership. An address that is in use, or a full disk, may be free a moment later. */
const resumeBackoff: Backoff = { firstMs: 500, longestMs: 30_000 };

/** Where this node stands: exactly one of these at a time. */
type Standing =
  | { readonly at: "outside" }
  | { readonly at: "joining"; readonly giveUp: AbortController; error: string }
  | { readonly at: "member"; readonly member: Member }
  /** A member by its files, but unable to take part. */
  | { readonly at: "fault"; readonly error: string };

const outside: Standing = { at: "outside" };

/** What `status` tells besides the standing. */
const nothing = {
  state: "inactive",
  error: "",
  nodeId: "",
  nodeAddress: "",
  controlAvailable: false,
  managers: [],
} as const;

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
  /** Aborts when `#standing` is left for another. */
  #left = new AbortController();

  constructor(options: NodeOptions) {
    this.#doors = options.doors;
    this.#directory = options.directory;
  }

  /** Takes up the membership that the disk tells of. A fault in it is told by `status`, not thrown. */
  start(): Promise<void> {
    return this.#changes.run(() => this.#resume(1));
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
    const standing = this.#standing;
    switch (standing.at) {
      case "outside":
        return nothing;
      case "joining":
        return { ...nothing, state: "pending", error: standing.error };
      case "fault":
        return { ...nothing, state: "error", error: standing.error };
      case "member": {
        const { member } = standing;
        return {
          ...nothing,
          state: "active",
          error: member.trouble(),
          nodeId: member.nodeId,
          nodeAddress: member.address,
          controlAvailable: member.manager !== undefined,
          managers: member.managers(),
        };
      }
      default:
        return standing satisfies never;
    }
  }

  init(request: InitRequest): Promise<string> {
    return this.#changes.run(async () => {
      const standing = this.#standing;
      // A single manager is all there is of its swarm: it already is the new cluster that is asked for.
      if (standing.at === "member" && standing.member.manager && request.forceNewCluster) return standing.member.nodeId;
      this.#requireOutside();
      const addresses = await this.#chooseAddresses(request);
      const { files, founding } = await found(request, this.#doors);
      const state = {
        listenAddress: addresses.listen,
        advertiseAddress: addresses.advertise,
        managers: [addresses.advertise],
      };
      const member = await this.#enter({ files, state, founding });
      // The CLI looks at the node right away; an engine that does not answer must not keep the swarm from being.
      const late = new AbortController();
      await Promise.race([member.welcomed, sleep(this.#doors.clock, describeWaitMs, late.signal)]);
      late.abort();
      return member.nodeId;
    });
  }

  async join(request: JoinRequest): Promise<void> {
    const [remote] = request.remotes;
    if (remote === undefined) throw new Fault("invalid_argument", "at least 1 RemoteAddr is required to join");
    checkToken(request.token);
    this.#requireOutside();
    const addresses = await this.#chooseAddresses({ ...request, remote });
    this.#requireOutside();
    const giveUp = new AbortController();
    const joining: Standing = { at: "joining", giveUp, error: "" };
    this.#stand(joining);
    const onFailure = (fault: Fault): void => {
      joining.error = fault.message;
    };
    const outcome = this.#joinUntil(request, addresses, giveUp.signal, onFailure).catch(error => {
      // Only a join that still goes on may end by its own failure; a `leave` has taken its place otherwise.
      if (this.#standing === joining) this.#stand(outside);
      this.#doors.log.warn("could not join the swarm", { reason: asFault(error).message });
      throw error;
    });
    const late = new AbortController();
    const tooLate = sleep(this.#doors.clock, joinWaitMs, late.signal).then(() => {
      if (late.signal.aborted) return;
      throw new Fault("unavailable", texts.joinTimedOut);
    });
    try {
      await Promise.race([outcome, tooLate]);
    } finally {
      late.abort();
      outcome.catch(() => {});
    }
  }

  leave(force: boolean): Promise<void> {
    // A running join holds no lock while it waits for others.
    if (this.#standing.at === "joining") this.#standing.giveUp.abort();
    return this.#changes.run(async () => {
      const standing = this.#standing;
      if (standing.at === "outside") throw new Fault("unavailable", texts.notInSwarm);
      if (!force && (await this.#holdsSwarm(standing))) throw new Fault("unavailable", texts.lastManagerLeaves);
      if (standing.at === "member") await standing.member.leave(force, this.#doors.log);
      if (standing.at === "fault") await removeTasksOfMember(this.#doors, this.#directory);
      this.#stand(outside);
      await forgetMembership(this.#doors.disk, this.#directory);
    });
  }

  async unlock(): Promise<void> {
    throw new Fault("already_exists", texts.notLocked);
  }

  async unlockKey(): Promise<string> {
    this.#manager();
    return "";
  }

  control(): Client<typeof Control> {
    return this.#manager().control;
  }

  logs(): Client<typeof Logs> {
    return this.#manager().logs;
  }

  async *changes(signal: AbortSignal): AsyncIterable<StoreEvent> {
    while (!signal.aborted) {
      const standing = this.#standing;
      const either = AbortSignal.any([signal, this.#left.signal]);
      if (standing.at === "member" && standing.member.manager) yield* standing.member.manager.changes(either);
      else await new Promise<void>(resolve => onAbort(either, resolve));
    }
  }

  /** Whether the swarm's state would be gone with this node's files. */
  async #holdsSwarm(standing: Standing): Promise<boolean> {
    if (standing.at === "member") return standing.member.manager !== undefined;
    return standing.at === "fault" && (await this.#doors.disk.list(logIn(this.#directory))).length > 0;
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#left.abort();
    this.#left = new AbortController();
  }

  #manager(): Manager {
    const standing = this.#standing;
    if (standing.at !== "member") throw new Fault("unavailable", texts.notManager);
    if (!standing.member.manager) throw new Fault("unavailable", texts.workerAsked);
    return standing.member.manager;
  }

  #requireOutside(): void {
    if (this.#standing.at !== "outside") throw new Fault("unavailable", texts.alreadyInSwarm);
  }

  #chooseAddresses(asked: {
    listenAddress: string;
    advertiseAddress: string;
    remote?: string;
  }): Promise<NodeAddresses> {
    const { listenAddress: listen, advertiseAddress: advertise, remote } = asked;
    return chooseAddresses({ listen, advertise, ...(remote === undefined ? {} : { remote }) }, this.#doors.addresses);
  }

  async #joinUntil(
    request: JoinRequest,
    addresses: NodeAddresses,
    signal: AbortSignal,
    onFailure: (fault: Fault) => void,
  ): Promise<void> {
    const files = await enrollNode(request, this.#doors, signal, onFailure);
    const state = {
      listenAddress: addresses.listen,
      advertiseAddress: addresses.advertise,
      managers: [...request.remotes],
    };
    await this.#changes.run(async () => {
      if (signal.aborted) throw new Fault("cancelled", "Cannot join the swarm: this node was told to leave it");
      await this.#enter({ files, state });
    });
    if (this.#standing.at === "member") await this.#standing.member.welcomed;
  }

  /** Writes the membership down and takes it up; without a trace when that fails. */
  async #enter(membership: Pick<MemberOptions, "files" | "state" | "founding">): Promise<Member> {
    const { disk } = this.#doors;
    try {
      // What a crash has left of an earlier membership must not be taken for this one's.
      await forgetMembership(disk, this.#directory);
      await disk.makeDirectory(this.#directory);
      const founding = membership.founding !== undefined;
      await saveState(disk, this.#directory, { ...membership.state, ...(founding && { founding }) });
      await saveNodeFiles(disk, certificatesIn(this.#directory), membership.files);
      const member = await this.#become(membership);
      if (founding) await this.#founded(membership.state);
      return member;
    } catch (error) {
      await disk.remove(this.#directory);
      throw error;
    }
  }

  /** Takes up the membership on the disk; as long as that fails for reasons that may pass, again and again. */
  async #resume(attempt: number): Promise<void> {
    const { disk } = this.#doors;
    let wasFounding = false;
    try {
      const stored = await loadState(disk, this.#directory);
      if (!stored) return;
      const { founding = false, ...state } = stored;
      wasFounding = founding;
      const files = await loadNodeFiles(disk, certificatesIn(this.#directory));
      if (files) await this.#become({ files, state });
      if (files && founding) await this.#founded(state);
    } catch (error) {
      const fault = asFault(error);
      if (wasFounding && fault.code === "not_found") return this.#forgetUnfounded(fault);
      this.#fail(fault);
      if (fault.code !== "data_loss") void this.#resumeLater(attempt);
    }
  }

  /** Notes that the swarm is there. Not to have noted it does no harm as long as the log is whole. */
  async #founded(state: NodeState): Promise<void> {
    const { disk, log } = this.#doors;
    await saveState(disk, this.#directory, state).catch(error =>
      log.warn("cannot note that the swarm is founded", { reason: asFault(error).message }),
    );
  }

  /** The daemon ended before the swarm it was to found was there: nobody has been told of it, and nothing is lost. */
  async #forgetUnfounded(fault: Fault): Promise<void> {
    this.#doors.log.warn("the founding of a swarm was cut short; this node is in none", { reason: fault.message });
    await forgetMembership(this.#doors.disk, this.#directory);
    this.#stand(outside);
  }

  async #resumeLater(attempt: number): Promise<void> {
    const { clock, random } = this.#doors;
    const left = this.#left.signal;
    await sleep(clock, backoffMs(resumeBackoff, attempt, random.float()), left);
    await this.#changes.run(async () => {
      if (!left.aborted) await this.#resume(attempt + 1);
    });
  }

  async #become(membership: Pick<MemberOptions, "files" | "state" | "founding">): Promise<Member> {
    const onBroken = (fault: Fault): void => {
      this.#changes.run(() => this.#stepDown(fault)).catch(error => this.#fail(asFault(error)));
    };
    const member = await Member.start({ ...membership, doors: this.#doors, directory: this.#directory, onBroken });
    this.#stand({ at: "member", member });
    return member;
  }

  /** The log is broken: this manager must not answer any more. Its files stay for whoever repairs the disk. */
  async #stepDown(fault: Fault): Promise<void> {
    if (this.#standing.at !== "member") return;
    const { member } = this.#standing;
    this.#fail(fault);
    await member.stop();
  }

  #fail(fault: Fault): void {
    this.#doors.log.error("this node cannot take part in its swarm", { reason: fault.message });
    this.#stand({ at: "fault", error: fault.message });
  }
}
