import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { Bell } from "../lib/bell.ts";
import { asFault, type Fault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Connection, Transport } from "../ports/transport.ts";
import type { InstallSnapshot, Message } from "../raft/message.ts";
import { Raft as RaftService } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { Peers } from "../wire/gen/shoal/v1/peers_pb.ts";
import { toPeerMessage, toWireMessage } from "./message-codec.ts";
import { snapshotParts } from "./snapshot-parts.ts";

/** Messages that wait for one peer; raft sends again what is dropped. */
const maxQueued = 4_096;
/** Messages in one frame of the stream. */
const maxFrame = 256;
/** Milliseconds that a peer of another make may take for one message. */
const callTimeoutMs = 2_000;
/** Milliseconds for a whole snapshot. */
export const snapshotTimeoutMs = 300_000;
/** Milliseconds that a removed member has to hear that it is one. */
const retirementMs = 1_000;
/** Between attempts to reach a peer. Raft is kept waiting by it, so it stays short. */
const retry: Backoff = { firstMs: 100, longestMs: 1_000 };

export interface PeerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** Where this manager is reached; the other learns it from us. */
  readonly ownAddress: string;
  readonly address: string;
  /** What was sent may not have arrived, or the connection broke. */
  readonly onUnreachable: () => void;
  /** A snapshot has arrived, or has not. */
  readonly onSnapshot: (delivered: boolean) => void;
  /** The other says something that sending again does not change. */
  readonly onRefused: (fault: Fault) => void;
}

/**
 * The way to one other member. Messages go over one long stream, in order; what cannot go is dropped, for old news would only delay
 * the new. A member that does not know that stream gets a call for each message, as SwarmKit does it.
 */
export class Peer {
  readonly address: string;
  readonly #options: PeerOptions;
  readonly #end = new AbortController();
  readonly #bell = new Bell();
  #connection: Connection;
  #queue: Message[] = [];
  #isConnected = false;
  #isSendingSnapshot = false;

  constructor(options: PeerOptions) {
    this.address = options.address;
    this.#options = options;
    this.#connection = options.transport.connect(options.address);
    void this.#work();
  }

  /** Whether the last that was tried got through. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  send(message: Message): void {
    if (message.type === "snapshot") void this.#sendSnapshot(message);
    else if (this.#queue.length < maxQueued) this.#queue.push(message);
    else this.#options.onUnreachable();
    this.#bell.ring();
  }

  /** Sends what waits, a removed member's last news, and closes. */
  retire(): void {
    void sleep(this.#options.clock, retirementMs, this.#end.signal).then(() => this.close());
  }

  close(): void {
    this.#end.abort();
    this.#bell.ring();
    this.#connection.close();
  }

  async #work(): Promise<void> {
    const { clock, random, transport, address, onUnreachable, onRefused } = this.#options;
    for (let attempt = 1; !this.#end.signal.aborted; attempt++) {
      const started = clock.monotonic();
      const fault = await this.#converse().then(() => undefined, asFault);
      if (this.#end.signal.aborted) return;
      this.#isConnected = false;
      this.#queue = [];
      if (fault) onRefused(fault);
      onUnreachable();
      // A fresh connection: the old one may be waiting out a pause of its own.
      this.#connection.close();
      if (clock.monotonic() - started > retry.longestMs) attempt = 1;
      await sleep(clock, backoffMs(retry, attempt, random.float()), this.#end.signal);
      if (!this.#end.signal.aborted) this.#connection = transport.connect(address);
    }
  }

  /** Until the connection breaks. */
  async #converse(): Promise<void> {
    try {
      await this.#connection.client(Peers).deliver(this.#frames());
    } catch (error) {
      if (asFault(error).code !== "unimplemented") throw error;
      await this.#call();
    }
  }

  async *#frames() {
    yield { addr: this.#options.ownAddress, messages: [] };
    this.#isConnected = true;
    for (;;) {
      await this.#bell.wait();
      if (this.#end.signal.aborted) return;
      while (this.#queue.length > 0) {
        const messages = this.#queue.splice(0, maxFrame);
        yield { addr: "", messages: messages.map(toPeerMessage) };
      }
    }
  }

  async #call(): Promise<void> {
    const raft = this.#connection.client(RaftService);
    const options = { timeoutMs: callTimeoutMs };
    for (;;) {
      while (this.#queue.length > 0) {
        const messages = this.#queue.splice(0, maxFrame);
        await Promise.all(
          messages.map(message => raft.processRaftMessage({ message: toWireMessage(message) }, options)),
        );
        this.#isConnected = true;
      }
      await this.#bell.wait();
      if (this.#end.signal.aborted) return;
    }
  }

  /** In a call of its own, so that heartbeats need not wait behind it. */
  async #sendSnapshot(message: InstallSnapshot): Promise<void> {
    if (this.#isSendingSnapshot) return;
    this.#isSendingSnapshot = true;
    const options = { timeoutMs: snapshotTimeoutMs };
    const delivered = await this.#connection
      .client(RaftService)
      .streamRaftMessage(snapshotParts(toWireMessage(message)), options)
      .then(
        () => true,
        () => false,
      );
    this.#isSendingSnapshot = false;
    if (!this.#end.signal.aborted) this.#options.onSnapshot(delivered);
  }
}
