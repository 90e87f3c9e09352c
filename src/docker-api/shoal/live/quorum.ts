import type { MemberStatus } from "../../../consensus/member.ts";
import type { LiveChange } from "./changes.ts";

/** Tells who the managers are, who leads and who can be reached, whenever that is not what it was. It is stored nowhere. */
export class QuorumNews {
  readonly #members: () => readonly MemberStatus[];
  #told = "";
  #version = 0;

  constructor(members: () => readonly MemberStatus[]) {
    this.#members = members;
  }

  /** The managers as they are now; nothing while they are as told. */
  take(): LiveChange[] {
    const Members = this.#members().map(({ nodeId, address, isLeader, isReachable }) => ({
      ...{ NodeID: nodeId, Addr: address, Leader: isLeader, Reachable: isReachable },
    }));
    const text = JSON.stringify(Members);
    if (text === this.#told) return [];
    this.#told = text;
    this.#version++;
    return [{ Kind: "quorum", ID: "quorum", Version: this.#version, Object: { Members } }];
  }
}
