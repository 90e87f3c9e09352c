import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, type Fault } from "../lib/fault.ts";
import type { Mutex } from "../lib/mutex.ts";
import { sleep } from "../ports/clock.ts";
import { type Restoration, writeLog } from "./backup.ts";
import type { NodeDoors } from "./doors.ts";
import { Member } from "./member.ts";
import { type Membership, type MembershipPlace, noteFounded, readMembership, writeMembership } from "./membership.ts";
import { outside, type Standing } from "./standing.ts";
import { addressOf, loadState, logIn } from "./state-file.ts";
import * as texts from "./texts.ts";

/** Between tries to take up a membership. An address that is in use, or a full disk, may be free a moment later. */
const resumeBackoff: Backoff = { firstMs: 500, longestMs: 30_000 };

export interface ParticipationOptions {
  readonly doors: NodeDoors;
  readonly directory: string;
  /** Changes of standing come one after the other. Its methods are called from within one. */
  readonly changes: Mutex;
}

/** How this node takes part in a swarm: its standing now, the membership on its disk, and the way from that to the other. */
export class Participation {
  readonly #doors: NodeDoors;
  readonly #directory: string;
  readonly #changes: Mutex;
  #standing: Standing = outside;
  /** What this manager's keys were unlocked or locked with last, for as long as the daemon runs. */
  unlockKey: Uint8Array | undefined;
  /** Aborts when `#standing` is left for another. */
  #left = new AbortController();
  /** Aborts when another manager serves than before, or none any more. */
  #managerLeft = new AbortController();

  constructor({ doors, directory, changes }: ParticipationOptions) {
    this.#doors = doors;
    this.#directory = directory;
    this.#changes = changes;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Aborts when another manager serves than now, or none any more. To be asked for anew after that. */
  get managerLeft(): AbortSignal {
    return this.#managerLeft.signal;
  }

  /** Leaves the standing of now for another. */
  stand(standing: Standing): void {
    this.#standing = standing;
    this.#left.abort();
    this.#left = new AbortController();
    this.#changeManager();
  }

  #changeManager(): void {
    this.#managerLeft.abort();
    this.#managerLeft = new AbortController();
  }

  /** Writes the membership down and takes it up; without a trace when that fails. */
  async enter(membership: Membership, restoration?: Restoration): Promise<Member> {
    try {
      await writeMembership(this.#place(), membership);
      if (restoration) await writeLog(restoration, this.#doors, logIn(this.#directory));
      return await this.become(membership);
    } catch (error) {
      await this.#doors.disk.remove(this.#directory);
      throw error;
    }
  }

  /**
   * Takes up the membership on the disk; as long as that fails for reasons that may pass, again and again. Resolves with
   * the fault of this time.
   */
  async resume(attempt = 1): Promise<Fault | undefined> {
    try {
      const membership = await readMembership(this.#place(), this.unlockKey);
      if (membership) await this.become(membership);
      return undefined;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "unauthenticated") return this.#lock(fault);
      this.fail(fault);
      if (fault.code !== "data_loss") void this.resumeLater(attempt);
      return fault;
    }
  }

  async #lock(fault: Fault): Promise<Fault> {
    this.#doors.log.warn(texts.locked);
    this.unlockKey = undefined;
    const state = await loadState(this.#doors.disk, this.#directory);
    this.stand({ at: "locked", address: state ? addressOf(state) : "" });
    return fault;
  }

  /** Whoever takes the membership up from the disk once more is not to be asked for the key again. */
  keepUnlockKey(): void {
    if (this.#standing.at === "member") this.unlockKey = this.#standing.member.lock.key;
  }

  /** Tries to take up the membership once more after a while, unless another standing has come by then. */
  async resumeLater(attempt: number): Promise<void> {
    const { clock, random } = this.#doors;
    const left = this.#left.signal;
    await sleep(clock, backoffMs(resumeBackoff, attempt, random.float()), left);
    await this.#changes.run(async () => {
      if (!left.aborted) await this.resume(attempt + 1);
    });
  }

  /** Takes up a membership that is on the disk. */
  async become(membership: Membership): Promise<Member> {
    const onBroken = (fault: Fault): void => {
      this.#changes.run(() => this.#stepDown(fault)).catch(error => this.fail(asFault(error)));
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
    this.stand({ at: "member", member });
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
    this.keepUnlockKey();
    this.fail(fault);
    await member.stop();
  }

  /** This node cannot take part. */
  fail(fault: Fault): void {
    this.#doors.log.error("this node cannot take part in its swarm", { reason: fault.message });
    this.stand({ at: "fault", error: fault.message });
  }

  #place(): MembershipPlace {
    return { ...this.#doors, directory: this.#directory };
  }
}
