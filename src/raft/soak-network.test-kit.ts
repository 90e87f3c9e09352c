import type { Chance } from "./chance.test-kit.ts";
import type { NodeId } from "./entry.ts";
import type { Message } from "./message.ts";

/** More messages under way than this and the network loses some. */
const maxUnderWay = 100;
/** Messages that turn up again long after, at most. */
const maxStale = 60;

const partitions = ["none", "none", "halves", "young ones", "one alone", "one alone", "one way", "one deaf"] as const;
type Partition = (typeof partitions)[number];

/** Whether a partition loses what is sent from one to the other. */
function isCut(kind: Partition, from: NodeId, to: NodeId, alone: NodeId | undefined, half: Set<NodeId>): boolean {
  switch (kind) {
    case "none":
      return false;
    case "halves":
    case "young ones":
      return half.has(from) !== half.has(to);
    case "one way":
      return half.has(from) && !half.has(to);
    case "one alone":
      return from === alone || to === alone;
    case "one deaf":
      return to === alone;
    default:
      return kind satisfies never;
  }
}

/** A network with weather: it loses, repeats, delays and reorders, and falls apart, in both directions or in one. */
export class SoakNetwork {
  readonly #chance: Chance;
  #underWay: Message[] = [];
  #stale: Message[] = [];
  #cut = new Set<string>();
  #loss = 0;
  #repetition = 0;
  #disorder = 0;
  #staleness = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get isEmpty(): boolean {
    return this.#underWay.length === 0;
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.#underWay.length >= maxUnderWay) this.#take(this.#chance.below(maxUnderWay));
      this.#underWay.push(message);
      if (this.#chance.isBelow(0.05)) this.#stale[this.#chance.below(maxStale)] = message;
    }
  }

  /** The next message to arrive, if it does. */
  next(): Message | undefined {
    if (this.#chance.isBelow(this.#staleness)) return this.#chance.pick(this.#stale);
    if (this.isEmpty) return undefined;
    const place = this.#chance.isBelow(this.#disorder) ? this.#chance.below(this.#underWay.length) : 0;
    const message = this.#take(place);
    if (!message || this.#cut.has(`${message.from} ${message.to}`) || this.#chance.isBelow(this.#loss))
      return undefined;
    if (this.#chance.isBelow(this.#repetition)) this.#underWay.push(message);
    return message;
  }

  /** Other weather: now and then fine, now and then awful. Returns what it is. Likes to cut off `leader`, if there is one. */
  change(ids: readonly NodeId[], leader: NodeId | undefined): string {
    const chance = this.#chance;
    this.calm();
    if (chance.isBelow(0.4)) return "fine weather";
    this.#loss = chance.pick([0, 0, 0.02, 0.1, 0.3]) ?? 0;
    this.#repetition = chance.pick([0, 0.05, 0.2]) ?? 0;
    this.#disorder = chance.pick([0, 0.2, 1]) ?? 0;
    this.#staleness = chance.pick([0, 0, 0.01, 0.05]) ?? 0;
    const weather = `loss ${this.#loss}, repetition ${this.#repetition}, disorder ${this.#disorder}, stale ${this.#staleness}`;
    return `${weather}, ${this.#fallApart(ids, leader)}`;
  }

  #fallApart(ids: readonly NodeId[], leader: NodeId | undefined): string {
    const chance = this.#chance;
    const kind = chance.pick(partitions) ?? "none";
    const alone = leader !== undefined && chance.isBelow(0.7) ? leader : chance.pick(ids);
    const age = chance.below(ids.length);
    const half = new Set(ids.filter((_, place) => (kind === "young ones" ? place > age : chance.isBelow(0.5))));
    if (kind === "young ones" && leader !== undefined) half.add(leader);
    for (const from of ids) {
      for (const to of ids) if (isCut(kind, from, to, alone, half)) this.#cut.add(`${from} ${to}`);
    }
    if (kind === "none") return "no partition";
    return kind === "one alone" || kind === "one deaf" ? `${kind}: ${alone}` : `${kind}: ${[...half]}`;
  }

  /** Cuts some off from all others, until the weather changes. */
  cutOff(some: readonly NodeId[], ids: readonly NodeId[]): void {
    for (const id of ids) {
      if (some.includes(id)) continue;
      for (const one of some) this.#cut.add(`${id} ${one}`).add(`${one} ${id}`);
    }
  }

  /** Fine weather from now on. */
  calm(): void {
    this.#cut.clear();
    this.#loss = 0;
    this.#repetition = 0;
    this.#disorder = 0;
    this.#staleness = 0;
  }

  /** In no order when taken from the middle, which costs nothing. */
  #take(place: number): Message | undefined {
    if (place === 0) return this.#underWay.shift();
    const taken = this.#underWay[place];
    const last = this.#underWay.pop();
    if (last && place < this.#underWay.length) this.#underWay[place] = last;
    return taken;
  }
}
