import type { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import type { NodeId } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import type { Member } from "./member.ts";
import { Peer } from "./peer.ts";

export interface PeersOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly ownAddress: string;
  /** Where a member is reached, by the latest that is known. */
  readonly find: (raftId: NodeId) => Member | undefined;
  readonly onUnreachable: (raftId: NodeId) => void;
  readonly onSnapshot: (raftId: NodeId, delivered: boolean) => void;
  readonly onRefused: (raftId: NodeId, fault: Fault) => void;
}

/** The ways to all other members. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<NodeId, Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  send(message: Message): void {
    this.#to(message.to)?.send(message);
  }

  isConnected(raftId: NodeId): boolean {
    return this.#peers.get(raftId)?.isConnected ?? false;
  }

  /** Keeps up the ways to these members, and to nobody else. */
  keepOnly(raftIds: readonly NodeId[]): void {
    for (const [raftId, peer] of this.#peers) {
      if (raftIds.includes(raftId)) continue;
      peer.retire();
      this.#peers.delete(raftId);
    }
    for (const raftId of raftIds) this.#to(raftId);
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
  }

  /** Undefined for a member whose address nobody has told us: it will, in its first message. */
  #to(raftId: NodeId): Peer | undefined {
    const address = this.#options.find(raftId)?.address;
    const known = this.#peers.get(raftId);
    if (known && (address === undefined || known.address === address)) return known;
    known?.close();
    if (address === undefined) return undefined;
    const { onUnreachable, onSnapshot, onRefused } = this.#options;
    const peer = new Peer({
      ...this.#options,
      address,
      onUnreachable: () => onUnreachable(raftId),
      onSnapshot: delivered => onSnapshot(raftId, delivered),
      onRefused: fault => onRefused(raftId, fault),
    });
    this.#peers.set(raftId, peer);
    return peer;
  }
}
