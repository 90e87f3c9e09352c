import type { Beginning } from "../../consensus/beginning.ts";
import { asFault, type Fault } from "../../lib/fault.ts";
import { sleep } from "../../ports/clock.ts";
import type { Act } from "../chaos.ts";
import type { Dice } from "../dice.ts";
import type { QuorumMember } from "./member.ts";
import type { Quorum } from "./quorum.ts";

/** Time between two tries of what the operator must get done, and of a member that does not start, in milliseconds. */
const retryMs = 300;
/** Machines at one time. */
const mostMembers = 7;
/** Members of which one may lose its log: the others know all that was ever answered, and can let it in again. */
const fewestToLoseOne = 3;
/** How long a member that was removed runs on before it is noticed, in milliseconds, at most. */
const longestAfterlifeMs = 3_000;

/** What is to become of a machine. */
type Wish =
  /** Begins with what it was invited with, and then with what is on its disk. */
  | { readonly kind: "member"; readonly invitation: Beginning | undefined }
  /** Its removal was asked for: whether it is one still, nobody knows. Until it is gone it is started as a member is. */
  | { readonly kind: "going"; readonly invitation: Beginning | undefined }
  /** It was removed, and has nothing to come back with. */
  | { readonly kind: "gone" };

/** Who keeps the managers running and says who is to be one. Asks for one change at a time, and insists on it. */
export class QuorumOperator {
  readonly #quorum: Quorum;
  readonly #dice: Dice;
  readonly #problem: (problem: string) => void;
  readonly #losesLogs: boolean;
  readonly #wishes = new Map<QuorumMember, Wish>();
  #isBusy = false;
  #areFaultsOver = false;
  #hasForced = false;
  #isClosed = false;

  /** With `losesLogs` disks fail for good now and then, one at a time. */
  constructor(quorum: Quorum, dice: Dice, problem: (problem: string) => void, losesLogs: boolean) {
    this.#quorum = quorum;
    this.#dice = dice;
    this.#problem = problem;
    this.#losesLogs = losesLogs;
    for (const member of quorum.members) this.#wishes.set(member, { kind: "member", invitation: undefined });
    quorum.onBroken = (member, fault) => {
      this.#judge(member, fault);
      void sleep(quorum.clock, retryMs).then(() => this.start(member));
    };
    quorum.onRemoved = member => this.#removed(member);
  }

  acts(): readonly Act[] {
    const { members, leader } = this.#quorum;
    const others = this.#wanted().filter(member => member !== leader);
    const away = members.filter(member => this.#wishOf(member).kind === "gone");
    const canAdd = away.length > 0 || members.length < mostMembers;
    return [
      [canAdd ? 1.5 : 0, "member added", () => this.#exclusively(() => this.#add(away))],
      [
        others.length > 1 ? 1.5 : 0,
        "member removed",
        () => this.#exclusively(() => this.#remove(this.#dice.pick(others))),
      ],
      [1, "leadership handed over", () => this.#exclusively(() => this.#transfer())],
      [this.#hasForced ? 0 : 0.2, "new cluster forced", () => this.#exclusively(() => this.#force())],
      [this.#canLoseLog() ? 3 : 0, "log lost", () => this.#exclusively(() => this.#lose(this.#dice.pick(members)))],
    ];
  }

  /** Starts a machine that is to be a member, again and again until it runs, or is killed: who does that starts it again. */
  async start(member: QuorumMember): Promise<void> {
    for (;;) {
      const wish = this.#wishOf(member);
      if (member.isUp || wish.kind === "gone" || this.#isClosed) return;
      const { invitation } = wish;
      const fault = await member.start(invitation ?? { kind: "resume" });
      if (!fault) {
        // Killed before it had a log of its own, it still needs its invitation.
        if (wish === this.#wishOf(member) && invitation && member.run)
          this.#wishes.set(member, { ...wish, invitation: undefined });
        return;
      }
      this.#judge(member, fault);
      await sleep(this.#quorum.clock, retryMs);
    }
  }

  /** No more changes. Resolves when the last one that was asked for is done, and everybody runs who is a member. */
  async end(): Promise<void> {
    this.#areFaultsOver = true;
    while (this.#isBusy) await sleep(this.#quorum.clock, retryMs);
    for (const member of this.#wanted()) if (!member.isUp) await this.start(member);
  }

  /** Nobody is started any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Whether whoever is to be a member runs, has a vote, and nobody else has one. */
  isComplete(): boolean {
    const wanted = this.#wanted().map(({ nodeId }) => nodeId);
    const members = this.#quorum.leader?.run?.consensus.members ?? [];
    return (
      members.length === wanted.length &&
      members.every(({ nodeId, isVoter }) => isVoter && wanted.includes(nodeId)) &&
      this.#wanted().every(({ run }) => run)
    );
  }

  /** Who is to be a member for certain. */
  #wanted(): QuorumMember[] {
    return this.#quorum.members.filter(member => this.#wishOf(member).kind === "member");
  }

  #wishOf(member: QuorumMember): Wish {
    return this.#wishes.get(member) ?? { kind: "gone" };
  }

  #exclusively(work: () => Promise<void>): unknown {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    void work().finally(() => {
      this.#isBusy = false;
    });
    return true;
  }

  async #add(away: readonly QuorumMember[]): Promise<void> {
    const member = away.length > 0 ? this.#dice.pick(away) : this.#quorum.newMember();
    this.#note(`${member.name} is to become a member`);
    const invitation = await this.#insist(() => this.#quorum.invite(member));
    this.#wishes.set(member, { kind: "member", invitation });
    await this.start(member);
  }

  async #remove(member: QuorumMember): Promise<void> {
    const force = this.#dice.chance(0.2);
    this.#note(`${member.name} is to be removed${force ? ", come what may" : ""}`);
    const wish = this.#wishOf(member);
    if (wish.kind === "member") this.#wishes.set(member, { ...wish, kind: "going" });
    // It is refused as long as it would cost the quorum: the operator repairs others meanwhile.
    await this.#insist(() => this.#quorum.dismiss(member, force));
    await sleep(this.#quorum.clock, this.#dice.seldom(longestAfterlifeMs));
    await this.#clear(member);
  }

  async #transfer(): Promise<void> {
    const { leader } = this.#quorum;
    if (!leader?.run) return;
    this.#note(`${leader.name} is to hand over`);
    await this.#quorum.patiently(leader.run, leader.run.consensus.transferLeadership()).catch(asFault);
  }

  /** The majority is given up, and one goes on alone: one that has everything that was ever committed. */
  async #force(): Promise<void> {
    const { leader, promises, members } = this.#quorum;
    const status = leader?.run?.consensus.status().raft;
    if (!leader || !status || status.durableIndex < status.committed || status.committed < promises.lastApplied) return;
    this.#hasForced = true;
    this.#note(`${leader.name} is to go on alone`);
    const others = members.filter(member => member !== leader);
    for (const member of others) this.#wishes.set(member, { kind: "gone" });
    for (const member of members) member.kill();
    for (const member of others) await member.wipe();
    promises.forced();
    this.#wishes.set(leader, { kind: "member", invitation: { kind: "force-new-cluster" } });
    await this.start(leader);
  }

  #canLoseLog(): boolean {
    return this.#losesLogs && this.isComplete() && this.#wanted().length >= fewestToLoseOne;
  }

  /** The others take it for a member still, whose log they count on: it has to become another one. */
  async #lose(member: QuorumMember): Promise<void> {
    this.#note(`${member.name} loses its log`);
    await this.#clear(member);
    await sleep(this.#quorum.clock, this.#dice.seldom(longestAfterlifeMs));
    await this.#add([member]);
  }

  async #clear(member: QuorumMember): Promise<void> {
    this.#wishes.set(member, { kind: "gone" });
    member.kill();
    await member.wipe();
  }

  #removed(member: QuorumMember): void {
    this.#note(`${member.name} knows that it was removed`);
    if (this.#wishOf(member).kind === "member")
      this.#problem(`${member.name} was removed, and nobody had asked for it`);
  }

  /** Whether what kept a member from starting may pass. */
  #judge(member: QuorumMember, fault: Fault): void {
    const passes = fault.code === "resource_exhausted" || fault.message.includes("simulated failure");
    if (!passes) this.#problem(`${member.name} cannot start: ${fault.message}`);
  }

  /** Until it is done, whoever leads by then: asking twice must do no harm. */
  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        this.#note(`refused: ${asFault(error).message}`);
        await sleep(this.#quorum.clock, this.#areFaultsOver ? retryMs : this.#dice.upTo(5 * retryMs));
      }
    }
  }

  #note(what: string): void {
    this.#quorum.trace.note(what);
  }
}
