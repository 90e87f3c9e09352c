import type { Transport } from "../ports/transport.ts";
import type { NodeId } from "../raft/entry.ts";
import { Raft as RaftService } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import type { MemberBook } from "./member-book.ts";

/** Milliseconds that one member may take to say where another is. */
const askTimeoutMs = 2_000;

export interface AddressSearchOptions {
  readonly transport: Transport;
  readonly book: MemberBook;
  readonly ownId: NodeId;
}

/**
 * Finds out where a member is reached that speaks to this one before the log has told of it, and does not say: SwarmKit's
 * members do not. The others are asked, one after the other.
 */
export class AddressSearch {
  readonly #options: AddressSearchOptions;
  readonly #underWay = new Set<NodeId>();

  constructor(options: AddressSearchOptions) {
    this.#options = options;
  }

  /** Puts the address into the book when somebody knows it. One search a member at a time. */
  async find(raftId: NodeId, nodeId: string): Promise<void> {
    if (this.#underWay.has(raftId)) return;
    this.#underWay.add(raftId);
    const { book, ownId } = this.#options;
    for (const member of book.known) {
      if (member.raftId === ownId || book.get(raftId)) continue;
      const address = await this.#ask(member.address, raftId);
      if (address !== undefined) book.hint({ raftId, nodeId, address });
    }
    this.#underWay.delete(raftId);
  }

  async #ask(member: string, raftId: NodeId): Promise<string | undefined> {
    const connection = this.#options.transport.connect(member);
    try {
      const { addr } = await connection.client(RaftService).resolveAddress({ raftId }, { timeoutMs: askTimeoutMs });
      return addr === "" ? undefined : addr;
    } catch {
      // It does not know, or cannot be reached: the stranger speaks again, and is looked for again.
      return undefined;
    } finally {
      connection.close();
    }
  }
}
