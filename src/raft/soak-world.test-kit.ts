import { Chance } from "./chance.test-kit.ts";
import { leaveJoint } from "./config-change.ts";
import { type Configuration, isJoint, membersOf, noConfiguration } from "./configuration.ts";
import { type NodeId, nobody } from "./entry.ts";
import { Host, type HostWatcher } from "./host.test-kit.ts";
import { Clients } from "./soak-clients.test-kit.ts";
import { fail, Invariants, inWords } from "./soak-invariants.test-kit.ts";
import { someChange } from "./soak-membership.test-kit.ts";
import { SoakNetwork } from "./soak-network.test-kit.ts";
import { type Action, Season, type Theme, themes } from "./soak-season.test-kit.ts";

/** Small, so that every bound is run into. */
const limits = {
  maxInflightMessages: 3,
  maxInflightBytes: 300,
  maxUncommittedBytes: 2_000,
  maxPageBytes: 300,
  maxPendingReads: 20,
  snapshotPatienceTicks: 40,
};

/** Things that happened, kept for the story of a failure. */
const storyLength = 80;
/** Steps that a secession lasts, at least: enough for both sides to elect and to commit. */
const secessionSteps = 500;
/** Rounds of one tick for everybody, until all must be well again after the faults end. */
const recoveryRounds = 400;

/** What a run did, so that a test can see that it did something. */
export interface SoakCounts {
  readonly terms: number;
  readonly committed: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly crashes: number;
  readonly reconfigurations: number;
  readonly snapshots: number;
}

/** A cluster to which everything happens that may, one small step after the other, all from one seed. */
export class SoakWorld {
  readonly #chance: Chance;
  readonly #network: SoakNetwork;
  readonly #clients: Clients;
  readonly #invariants = new Invariants();
  readonly #hosts = new Map<NodeId, Host>();
  readonly #theme: Theme;
  readonly #watcher: HostWatcher;
  readonly story: string[] = [];
  #lastId: NodeId;
  #active: readonly NodeId[] = [];
  #season: Season;
  #seasonSteps = 0;
  #areFaultsOn = true;
  #crashes = 0;
  #reconfigurations = 0;
  #snapshots = 0;

  constructor(seed: number) {
    this.#chance = new Chance(seed);
    this.#network = new SoakNetwork(this.#chance);
    this.#clients = new Clients(this.#chance);
    this.#theme = themes[seed % themes.length] ?? fail("there are no themes");
    this.#watcher = this.#makeWatcher();
    const size = this.#chance.pick(this.#theme.sizes) ?? 3;
    this.#lastId = BigInt(size);
    const ids = Array.from({ length: size }, (_, place) => BigInt(place + 1));
    this.#season = new Season(this.#chance, this.#theme, ids);
    for (const id of ids) this.#addHost(id).found(ids);
  }

  get counts(): SoakCounts {
    return {
      terms: this.#invariants.terms,
      committed: Number(this.#invariants.committedIndex),
      acknowledged: this.#clients.acknowledged.size,
      reads: this.#clients.readsAnswered,
      crashes: this.#crashes,
      reconfigurations: this.#reconfigurations,
      snapshots: this.#snapshots,
    };
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      if (this.#seasonSteps-- <= 0) {
        this.#seasonSteps = this.#chance.below(this.#theme.seasonSteps);
        const ids = [...this.#hosts.keys()];
        this.#season = new Season(this.#chance, this.#theme, ids);
        this.#active = this.#activeMembers();
        this.#tell(`${this.#network.change(ids, this.#leader()?.id)}, ${this.#season}`);
      }
      this.#step(this.#season);
    }
    this.#recover();
  }

  #step(season: Season): void {
    const action = season.action();
    if (action === "deliver") {
      this.#deliver();
      return;
    }
    const host = this.#someHost();
    if (season.spares(host.id, action)) return;
    if (action === "restart" && !host.raft) this.#start(host);
    else if (host.raft) this.#act(action, host);
    this.#finish(host);
  }

  #act(action: Action, host: Host): void {
    const { node } = host;
    switch (action) {
      case "tick":
        node.tick();
        break;
      case "sync":
        while (host.sync() && this.#chance.isBelow(0.7));
        break;
      case "apply":
        while (host.applyPage() && this.#chance.isBelow(0.7));
        break;
      case "write":
        this.#clients.write(host, 1 + this.#chance.below(3));
        break;
      case "read":
        this.#clients.read(host);
        break;
      case "compact":
        if (host.compact(BigInt(this.#chance.below(4)))) this.#tell(`${host.id} compacts to ${host.machine.index}`);
        break;
      case "crash":
        this.#crash(host);
        break;
      case "change":
        this.#change(host);
        break;
      case "transfer":
        this.#tell(`${host.id} is asked to hand over`);
        node.transferLeadership(this.#someId());
        break;
      case "suspect":
        node.unreachable(this.#chance.isBelow(0.5) ? node.status.leader : this.#someId());
        break;
      case "snapshotEnded":
        node.snapshotEnded(this.#someId(), this.#chance.isBelow(0.5));
        break;
      case "campaign":
        node.campaign();
        break;
      case "stepDown":
        node.stepDown();
        break;
      case "depose":
        this.#depose();
        break;
      case "deliver":
      case "restart":
        break;
      default:
        action satisfies never;
    }
  }

  #deliver(): void {
    const message = this.#network.next();
    const host = message && this.#hosts.get(message.to);
    if (!message || !host?.raft) return;
    host.node.receive(message);
    if (message.type === "snapshot") this.#snapshots += 1;
    this.#finish(host);
  }

  #finish(host: Host): void {
    host.pump();
    this.#invariants.check(host);
    if (host.raft) this.#clients.serve(host);
    this.#network.send(host.outgoing);
    host.outgoing = [];
  }

  #crash(host: Host): void {
    const kept = this.#chance.below(4);
    this.#tell(`${host.id} crashes and keeps ${kept} of its unsynced writes`);
    host.crash(kept, this.#chance.float());
    this.#crashes += 1;
  }

  #start(host: Host): void {
    host.start();
    this.#invariants.started(host);
    const { term, vote, committed, lastIndex } = host.node.status;
    this.#tell(`${host.id} starts in term ${term} with vote ${vote}, commit ${committed}, last ${lastIndex}`);
  }

  #change(host: Host): void {
    const { role, configuration } = host.node.status;
    if (role !== "leader") return;
    const change = someChange(configuration, this.#chance, () => this.#newcomer());
    const result = host.node.proposeConfigChange(change);
    if (this.#chance.isBelow(0.3)) this.#change(host);
    if (result.kind !== "appended") return;
    const words = change.changes.map(({ kind, id }) => `${kind} ${id}`).join(", ");
    this.#tell(`${host.id} appends at ${result.firstIndex}: ${change.transition} [${words}]`);
    for (const { id } of change.changes) if (!this.#hosts.has(id)) this.#addHost(id).start();
  }

  /** The leader is cut off, all others notice, and now and then it takes long to notice itself. */
  #depose(): void {
    const leader = this.#leader();
    if (!leader) return;
    if (this.#chance.isBelow(0.5)) this.#season.slowClock(leader.id);
    this.#cutOff(leader, [leader.id]);
  }

  /** A leader knows of a new membership first. Now and then it is cut off at that very moment, together with the newest. */
  #secede(leader: Host, { voters, outgoing }: Configuration): void {
    if (!this.#areFaultsOn || !this.#chance.isBelow(0.3)) return;
    const oldest = BigInt(this.#chance.below(Number(this.#lastId)));
    const isNew = (id: NodeId): boolean =>
      outgoing.length > 0 ? voters.includes(id) && !outgoing.includes(id) : id > oldest;
    this.#seasonSteps = Math.max(this.#seasonSteps, secessionSteps);
    this.#cutOff(
      leader,
      [...this.#hosts.keys()].filter(id => id === leader.id || isNew(id)),
    );
  }

  #cutOff(leader: Host, some: readonly NodeId[]): void {
    this.#tell(`${some} are cut off`);
    this.#network.cutOff(some, [...this.#hosts.keys()]);
    for (const host of this.#hosts.values()) {
      if (some.includes(host.id) || !host.raft) continue;
      host.node.unreachable(leader.id);
      this.#finish(host);
    }
  }

  /** Everything is repaired; in bounded time all must be as it should. */
  #recover(): void {
    this.#tell("the faults end");
    this.#areFaultsOn = false;
    this.#network.calm();
    for (const host of this.#hosts.values()) if (!host.raft) this.#start(host);
    this.#until("all members have the same", () => this.#isAtRest());
    const members = this.#members();
    const writes = members.map(host => this.#clients.write(host, 1));
    this.#until("the last writes are answered", () => writes.every(write => this.#clients.acknowledged.has(write)));
    const reads = this.#clients.readsAnswered;
    for (const host of members) this.#clients.read(host);
    this.#until("the last reads are answered", () => this.#clients.readsAnswered >= reads + members.length);
    this.#until("all members have the same again", () => this.#isAtRest());
    for (const [operation, index] of this.#clients.acknowledged) this.#invariants.acknowledged(operation, index);
  }

  #until(what: string, isSo: () => boolean): void {
    for (let round = 0; round < recoveryRounds; round++) {
      this.#round();
      if (isSo()) return;
    }
    for (const { raft, id } of this.#hosts.values()) {
      const { role, term, leader, committed, applied, lastIndex, configuration } = raft!.status;
      this.#tell(`${id}: ${role} ${term} of ${leader}, ${applied} ${committed} ${lastIndex} ${inWords(configuration)}`);
    }
    fail(`${recoveryRounds} rounds after the faults it is not so that ${what}`);
  }

  #round(): void {
    const hosts = [...this.#hosts.values()];
    for (const host of hosts) {
      host.node.tick();
      this.#finish(host);
    }
    for (let turn = 0; turn < 10; turn++) {
      while (!this.#network.isEmpty) this.#deliver();
      for (const host of hosts) {
        while (host.sync() || host.applyPage());
        this.#finish(host);
      }
    }
  }

  /** Whoever leads, and everybody it leads, have applied the same log to its end. */
  #isAtRest(): boolean {
    const leader = this.#leader();
    if (!leader) return false;
    const { configuration, lastIndex, transferee } = leader.node.status;
    if (transferee !== nobody) return false;
    if (isJoint(configuration)) {
      if (!configuration.autoLeave) leader.node.proposeConfigChange(leaveJoint);
      return false;
    }
    const isSame = (host: Host): boolean =>
      host.machine.index === lastIndex && host.machine.digest === leader.machine.digest;
    return this.#members().every(isSame);
  }

  #leader(): Host | undefined {
    const leaders = [...this.#hosts.values()].filter(({ raft }) => raft?.status.role === "leader");
    return leaders.sort((a, b) => Number(b.node.status.term - a.node.status.term))[0];
  }

  #members(): readonly Host[] {
    const ids = membersOf(this.#leader()?.node.configuration ?? fail("nobody leads"));
    return ids.map(id => this.#hosts.get(id) ?? fail(`there is no node ${id}`));
  }

  #addHost(id: NodeId): Host {
    const random = this.#chance.float;
    const { electionTicks, maxMessageBytes } = this.#theme;
    const options = { ...limits, maxMessageBytes, random, electionTicks, heartbeatTicks: 1 };
    const host = new Host(id, options, this.#watcher);
    host.hasSnapshotAtHand = () => !this.#areFaultsOn || this.#chance.isBelow(0.5);
    this.#hosts.set(id, host);
    return host;
  }

  /** Mostly one that takes part, as far as anybody knew when the season began. */
  #someHost(): Host {
    const id = this.#chance.isBelow(0.9) ? this.#chance.pick(this.#active) : undefined;
    const host = id === undefined ? this.#chance.pick([...this.#hosts.values()]) : this.#hosts.get(id);
    return host ?? fail("there are no hosts");
  }

  #activeMembers(): readonly NodeId[] {
    const up = [...this.#hosts.values()].filter(({ raft }) => raft);
    const best = up.sort((a, b) => Number(b.node.status.applied - a.node.status.applied))[0];
    return membersOf(best?.node.configuration ?? noConfiguration);
  }

  /** A node that was never heard of, or was proposed and has heard nothing of it. */
  #newcomer(): NodeId {
    const idle = [...this.#hosts.values()].find(({ raft }) => raft?.status.lastIndex === 0n);
    return idle && this.#chance.isBelow(0.8) ? idle.id : ++this.#lastId;
  }

  #someId(): NodeId {
    return BigInt(1 + this.#chance.below(Number(this.#lastId)));
  }

  #makeWatcher(): HostWatcher {
    return {
      sends: (host, message) => this.#invariants.sent(host, message),
      appends: (host, entries) => this.#invariants.appended(host, entries),
      applies: (host, entry) => {
        this.#invariants.applied(host, entry);
        this.#clients.applied(host, entry);
      },
      reconfigured: (host, index, configuration) => {
        this.#reconfigurations += 1;
        this.#tell(`${host.id} is in ${inWords(configuration)} since ${index}`);
        this.#invariants.reconfigured(host, index, configuration);
        if (host.node.status.role === "leader") this.#secede(host, configuration);
      },
      standing: (host, { role, term, leader }) => this.#tell(`${host.id} is a ${role} of ${leader} in term ${term}`),
      reads: (host, read) => this.#clients.granted(host, read),
    };
  }

  #tell(what: string): void {
    this.story.push(what);
    if (this.story.length > storyLength) this.story.shift();
  }
}
