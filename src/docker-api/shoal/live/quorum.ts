import { integer } from "../../answer.ts";
import type { SwarmBackend } from "../../backend.ts";
import type { LiveChange } from "./changes.ts";

/** Tells who the managers are, who leads since which vote (the term) and who can be reached, whenever that is not what it was. It is stored nowhere. */
export class QuorumNews {
  readonly #backend: Pick<SwarmBackend, "members" | "term">;
  #told = "";
  #version = 0;

  constructor(backend: Pick<SwarmBackend, "members" | "term">) {
    this.#backend = backend;
  }

  /** The managers as they are now; nothing while they are as told. */
  take(): LiveChange[] {
    const Members = this.#backend.members().map(({ nodeId, address, isLeader, isReachable }) => ({
      ...{ NodeID: nodeId, Addr: address, Leader: isLeader, Reachable: isReachable },
    }));
    const quorum = { Members, Term: integer(this.#backend.term()) };
    const text = JSON.stringify(quorum);
    if (text === this.#told) return [];
    this.#told = text;
    this.#version++;
    return [{ Kind: "quorum", ID: "quorum", Version: this.#version, Object: quorum }];
  }
}
