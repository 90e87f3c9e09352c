import type { Act } from "../chaos.ts";
import type { Dice } from "../dice.ts";
import { fineWeather } from "../weather.ts";
import type { QuorumMember } from "./member.ts";
import type { Quorum } from "./quorum.ts";

/** How long faults last, in milliseconds, at most: mostly much shorter. */
const longestMs = 6_000;
/** A pause is shorter than what breaks connections: nothing happens to a program that is stopped. */
const longestPauseMs = 5_000;

type Pair = readonly [QuorumMember, QuorumMember];

/** Everything that breaks, each for a while: programs, power, network and disks. */
export class QuorumFaults {
  readonly #quorum: Quorum;
  readonly #dice: Dice;
  /** Starts a member again, in whatever way it can. */
  readonly #start: (member: QuorumMember) => void;
  readonly #repairs = new Set<() => void>();
  #partitions = 0;

  constructor(quorum: Quorum, dice: Dice, start: (member: QuorumMember) => void) {
    this.#quorum = quorum;
    this.#dice = dice;
    this.#start = start;
  }

  acts(): readonly Act[] {
    const some = (): QuorumMember => this.#dice.pick(this.#quorum.members);
    const leader = (): QuorumMember => this.#quorum.leader ?? some();
    const dice = this.#dice;
    const alone = this.#quorum.members.length < 2;
    return [
      [2, "killed", () => this.#kill(some(), "kill")],
      [2, "leader killed", () => this.#kill(leader(), "kill")],
      [1.5, "power cut", () => this.#kill(some(), "cutPower")],
      [1.5, "leader's power cut", () => this.#kill(leader(), "cutPower")],
      [0.4, "power cut everywhere", () => this.#quorum.members.map(each => this.#kill(each, "cutPower"))],
      [0.5, "stopped", () => this.#stop(some())],
      [1, "paused", () => this.#pause(dice.chance(0.5) ? leader() : some())],
      [1.5, "one cut off", () => this.#isolate([some()])],
      [2, "leader cut off", () => this.#isolate([leader()])],
      [1, "split", () => this.#isolate(this.#quorum.members.filter(() => dice.chance(0.5)))],
      [1.5, "deaf or mute", () => this.#oneWay(dice.chance(0.5) ? leader() : some())],
      [alone ? 0 : 1, "one lane silent", () => this.#oneLane(this.#pair())],
      [alone ? 0 : 1.5, "connections cut", () => this.#cut(this.#pair())],
      [alone ? 0 : 1, "slow network", () => this.#delay(this.#pair())],
      [1, "bad weather", () => this.#badWeather()],
      [1, "slow disk", () => this.#slowDisk(dice.chance(0.5) ? leader() : some())],
      [0.7, "disk full", () => this.#fullDisk(dice.chance(0.5) ? leader() : some())],
      [0.5, "sync failed", () => some().disk.failNext("sync", "data_loss")],
    ];
  }

  /** Repairs everything now. */
  end(): void {
    for (const repair of [...this.#repairs]) repair();
    for (const { disk } of this.#quorum.members) disk.repair();
    this.#quorum.network.weather = fineWeather;
  }

  #kill(member: QuorumMember, how: "kill" | "cutPower"): unknown {
    if (!member.isUp) return false;
    member[how]();
    this.#later(this.#dice.seldom(longestMs), () => this.#start(member));
    return true;
  }

  #stop(member: QuorumMember): unknown {
    if (!member.run || member.isPaused) return false;
    void member.stop();
    this.#later(500 + this.#dice.upTo(2_000), () => {
      // It has had its time.
      member.kill();
      this.#start(member);
    });
    return true;
  }

  #pause(member: QuorumMember): unknown {
    if (!member.run || member.isPaused) return false;
    const { process } = member.run;
    member.pause();
    const heal = this.#silence(this.#pairsWith(member), "both");
    this.#later(this.#dice.seldom(longestPauseMs), () => {
      // What was asked of it meanwhile comes first, before anything that others have to tell.
      if (member.run?.process === process) member.resume();
      this.#later(this.#dice.seldom(100), heal);
    });
    return true;
  }

  /** Cuts some off from all others. */
  #isolate(some: readonly QuorumMember[]): void {
    const others = this.#quorum.members.filter(member => !some.includes(member));
    this.#note(`${names(some)} cut off from ${names(others)}`);
    const heal = this.#silence(
      some.flatMap(a => others.map((b): Pair => [a, b])),
      "both",
    );
    this.#later(this.#dice.seldom(longestMs), () => {
      this.#note(`${names(some)} back`);
      heal();
    });
  }

  #oneWay(member: QuorumMember): void {
    const isMute = this.#dice.chance(0.5);
    this.#note(`${member.name} is ${isMute ? "mute" : "deaf"}`);
    const pairs = this.#pairsWith(member).map(([a, b]): Pair => (isMute ? [a, b] : [b, a]));
    this.#later(this.#dice.seldom(longestMs), this.#silence(pairs, "one way"));
  }

  #oneLane([from, to]: Pair): void {
    this.#note(`nothing gets from ${from.name} to ${to.name}`);
    this.#later(this.#dice.seldom(2 * longestMs), this.#silence([[from, to]], "one way"));
  }

  /** Returns what ends it. Each silence has its own reason, for they overlap. */
  #silence(pairs: readonly Pair[], how: "both" | "one way"): () => void {
    const { network } = this.#quorum;
    const reason = `partition ${++this.#partitions}`;
    for (const [a, b] of pairs) {
      if (how === "both") network.partition(a.host, b.host, reason);
      else network.partitionOneWay(a.host, b.host, reason);
    }
    return () => {
      for (const [a, b] of pairs) network.heal(a.host, b.host, reason);
    };
  }

  #cut([a, b]: Pair): void {
    this.#note(`connections between ${a.name} and ${b.name} break`);
    this.#quorum.network.cut(a.host, b.host);
  }

  #delay([a, b]: Pair): void {
    const [ms, jitterMs] = [this.#dice.seldom(300), this.#dice.seldom(300)];
    this.#note(`${a.name} and ${b.name} are ${ms.toFixed()} to ${(ms + jitterMs).toFixed()} ms apart`);
    this.#quorum.network.delay(a.host, b.host, ms, jitterMs);
    this.#later(this.#dice.upTo(longestMs), () => this.#quorum.network.delay(a.host, b.host, 0));
  }

  #badWeather(): void {
    this.#note("calls are lost and late");
    this.#quorum.network.weather = { lostCalls: 0.2, lostAnswers: 0.2, lateMs: 300, noticedMs: 1_000 };
    this.#later(this.#dice.upTo(longestMs), () => {
      this.#quorum.network.weather = fineWeather;
    });
  }

  #slowDisk({ name, disk }: QuorumMember): void {
    disk.slowness = 1 + this.#dice.seldom(200);
    this.#note(`${name} has a disk ${disk.slowness.toFixed()} times as slow`);
    this.#later(this.#dice.upTo(longestMs), () => {
      disk.slowness = 1;
    });
  }

  #fullDisk({ name, disk }: QuorumMember): void {
    this.#note(`the disk of ${name} is full`);
    disk.isFull = true;
    this.#later(this.#dice.seldom(longestMs), () => {
      this.#note(`the disk of ${name} has room again`);
      disk.isFull = false;
    });
  }

  #pair(): Pair {
    const a = this.#dice.pick(this.#quorum.members);
    return [a, this.#dice.pick(this.#quorum.members.filter(member => member !== a))];
  }

  #pairsWith(member: QuorumMember): readonly Pair[] {
    return this.#quorum.members.filter(other => other !== member).map((other): Pair => [member, other]);
  }

  #note(what: string): void {
    this.#quorum.trace.note(what);
  }

  #later(ms: number, repair: () => void): void {
    const run = (): void => {
      timer.cancel();
      this.#repairs.delete(run);
      repair();
    };
    const timer = this.#quorum.clock.after(ms, run);
    this.#repairs.add(run);
  }
}

const names = (members: readonly QuorumMember[]): string => members.map(({ name }) => name).join(", ") || "nobody";
