import { create, isMessage, type Message as ProtobufMessage } from "@bufbuild/protobuf";
import type { Beginning } from "../../consensus/beginning.ts";
import type { Member } from "../../consensus/member.ts";
import { fromPeerMessage, fromWireMessage } from "../../consensus/message-codec.ts";
import { defined } from "../../lib/assert.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import { newMeta } from "../../model/objects.ts";
import { sleep } from "../../ports/clock.ts";
import type { Message } from "../../raft/message.ts";
import { ClusterSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  ProcessRaftMessageRequestSchema,
  StreamRaftMessageRequestSchema,
} from "../../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ClusterSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { DeliverRequestSchema } from "../../wire/gen/shoal/v1/peers_pb.ts";
import { SimClock, settle } from "../clock.ts";
import { SimRandom } from "../random.ts";
import { SimTrace } from "../trace.ts";
import { SimNetwork } from "../transport.ts";
import { type MemberRun, QuorumMember, type QuorumWorld } from "./member.ts";
import { Promises } from "./promises.ts";

const dataKeyBytes = 32;
/** Virtual milliseconds between two looks of `until`. */
const stepMs = 25;
/** How long whoever asks something of a member waits for the answer, in milliseconds. */
const patienceMs = 6_000;

export interface QuorumOptions {
  readonly seed: number;
  /** Log entries between two snapshots, and kept behind one. */
  readonly snapshotInterval: bigint;
  readonly keptEntries: bigint;
  readonly maxSkewMs: number;
  readonly maxDrift: number;
  /** How many members get a call for each message of raft's, as managers of another make. */
  readonly plainChance: number;
  /** Told what must not be. */
  readonly problem: (problem: string) => void;
}

/** Managers without workers: consensus and stores on simulated clocks, disks and network, all from one seed. */
export class Quorum {
  readonly clock = new SimClock();
  readonly trace = new SimTrace(this.clock);
  readonly promises: Promises;
  readonly network: SimNetwork;
  /** Everyone there is, members or not. */
  readonly members: QuorumMember[] = [];
  /** Told that a member's program cannot go on, or was removed. */
  onBroken: (member: QuorumMember, fault: Fault) => void = () => {};
  onRemoved: (member: QuorumMember) => void = () => {};
  readonly #options: QuorumOptions;
  readonly #random: SimRandom;
  readonly #world: QuorumWorld;

  constructor(options: QuorumOptions) {
    const { seed, maxSkewMs, maxDrift, plainChance, problem } = options;
    this.#options = options;
    this.#random = new SimRandom(seed);
    this.promises = new Promises(problem);
    this.network = new SimNetwork({
      clock: this.clock,
      random: new SimRandom(seed ^ 0xfeed),
      tap: (_method, message) => this.#overhear(message, problem),
    });
    this.#world = {
      ...{ clock: this.clock, trace: this.trace, network: this.network, maxSkewMs, maxDrift, plainChance },
      dataKey: this.#random.bytes(dataKeyBytes),
      watcherOf: ({ name }) => ({
        applied: (store, index, request) => this.promises.applied(name, store, index, request),
        restored: (store, index) => this.promises.compare(name, store, index),
      }),
      onLeadership: ({ name }, leadership, version) => {
        if (leadership.kind === "leading") this.promises.leads(name, leadership.term, version);
      },
      onRemoved: member => this.onRemoved(member),
      onBroken: (member, fault) => this.onBroken(member, fault),
    };
  }

  /** Another machine, with nothing on it. */
  newMember(): QuorumMember {
    const random = new SimRandom(Math.floor(this.#random.float() * 2 ** 32));
    const member = new QuorumMember(this.#world, this.members.length + 1, random);
    this.members.push(member);
    return member;
  }

  /** A quorum of that many, all of them up. */
  async found(size: number): Promise<void> {
    const first = this.newMember();
    await this.settled(first.start({ kind: "found" }));
    await this.until(() => this.leader !== undefined, "the first member leads");
    const { store } = defined(first.run, "the first member");
    await this.settled(store.update(tx => void tx.cluster.create(this.#newCluster())));
    while (this.members.length < size) {
      const member = this.newMember();
      await this.settled(member.start(await this.settled(this.invite(member))));
    }
    await this.until(
      () => this.leader?.run?.consensus.members.filter(({ isVoter }) => isVoter).length === size,
      "all vote",
    );
  }

  /** Asks the leader to let a machine in. Fault unavailable when nobody leads, or it is not known what came of it. */
  async invite({ nodeId, address }: QuorumMember): Promise<Beginning> {
    const run = this.#leading();
    const { raftId } = await this.patiently(run, run.consensus.addMember(nodeId, address, { isBlank: true }));
    const members: readonly Member[] = run.consensus.members;
    return { kind: "join", raftId, members };
  }

  /** Asks the leader to remove a member; if that leads itself it has to hand over first. Faults as `invite`. */
  async dismiss(member: QuorumMember, force: boolean): Promise<void> {
    const run = this.#leading();
    if (run === member.run) await this.patiently(run, run.consensus.transferLeadership());
    else await this.patiently(run, run.consensus.removeMember(member.nodeId, { force }));
    if (run === member.run) throw new Fault("unavailable", "it led, and has handed over");
  }

  /** What a member answers. Fault unavailable when its program dies, deadline_exceeded when it takes too long. */
  async patiently<T>(run: MemberRun, work: Promise<T>, limitMs = patienceMs): Promise<T> {
    const over = new AbortController();
    const died = run.process.died.then(() => {
      throw new Fault("unavailable", "the manager died");
    });
    const late = sleep(this.clock, limitMs, over.signal).then(() => {
      throw new Fault("deadline_exceeded", "the caller has given up");
    });
    late.catch(() => {});
    try {
      return await Promise.race([work, died, late]);
    } finally {
      over.abort();
    }
  }

  /** Who leads, and if several say so, the one with the highest term. */
  get leader(): QuorumMember | undefined {
    let best: { readonly member: QuorumMember; readonly term: bigint } | undefined;
    for (const member of this.members) {
      const leadership = member.isPaused ? undefined : member.run?.consensus.leadership;
      if (leadership?.kind !== "leading") continue;
      if (!best || leadership.term > best.term) best = { member, term: leadership.term };
    }
    return best?.member;
  }

  /** Lets time pass until `work` is done. */
  async settled<T>(work: Promise<T>, limitMs = 60_000): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    await this.until(() => isDone, "an answer is there", limitMs);
    return work;
  }

  /** Lets virtual time pass until `condition` holds and returns the milliseconds it took; an error after `limitMs`. */
  async until(condition: () => boolean, what: string, limitMs = 30_000): Promise<number> {
    const start = this.clock.monotonic();
    for (;;) {
      await settle();
      if (condition()) return this.clock.monotonic() - start;
      if (this.clock.monotonic() - start >= limitMs)
        throw new Error(`not in ${limitMs} virtual ms: ${what}\n${this.describe()}`);
      await this.clock.advance(stepMs);
    }
  }

  /** Where everyone stands, for the messages of tests that fail. */
  describe(): string {
    const lines = this.members.map(({ name, isUp, run }) => {
      if (!run) return `${name}: ${isUp ? "starting" : "down"}`;
      const { role, term, committed, applied, firstIndex, lastIndex, configuration } = run.consensus.status().raft;
      const names = run.consensus.members.map(({ nodeId, isVoter }) => `${nodeId}${isVoter ? "" : " (learns)"}`);
      const log = `log ${firstIndex}..${lastIndex}, committed ${committed}, applied ${applied}, store ${run.store.version}`;
      return `${name}: ${role} ${run.consensus.leadership.kind} in term ${term}, ${log}, ${configuration.voters.length} voters: ${names.join(", ")}`;
    });
    return lines.join("\n");
  }

  #overhear(call: ProtobufMessage, problem: (problem: string) => void): void {
    try {
      for (const message of messagesIn(call)) this.promises.sent(message);
    } catch (error) {
      problem(`a message that nobody can read: ${asFault(error).message}`);
    }
  }

  #leading(): MemberRun {
    const run = this.leader?.run;
    if (!run) throw new Fault("unavailable", "nobody leads");
    return run;
  }

  #newCluster() {
    const { snapshotInterval, keptEntries } = this.#options;
    const annotations = create(AnnotationsSchema, { name: "default" });
    const spec = create(ClusterSpecSchema, {
      annotations,
      raft: { snapshotInterval, logEntriesForSlowFollowers: keptEntries, heartbeatTick: 1, electionTick: 10 },
    });
    return { ...create(ClusterSchema, { id: "cluster" }), meta: newMeta(), spec: { ...spec, annotations } };
  }
}

/** Raft's messages in what one member sends another. */
function messagesIn(call: ProtobufMessage): readonly Message[] {
  if (isMessage(call, DeliverRequestSchema)) return call.messages.map(fromPeerMessage);
  if (isMessage(call, ProcessRaftMessageRequestSchema) && call.message) return [fromWireMessage(call.message)];
  if (isMessage(call, StreamRaftMessageRequestSchema) && call.message) return [fromWireMessage(call.message)];
  return [];
}
