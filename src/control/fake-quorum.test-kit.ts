import type { MemberStatus } from "../consensus/member.ts";
import { Fault } from "../lib/fault.ts";
import type { Quorum } from "./quorum.ts";

/** Members that come and go as a test says. The first one leads at the beginning. */
export class FakeQuorum implements Quorum {
  readonly asked: string[] = [];
  /** What the next removals are refused with. */
  refusal: Fault | undefined;
  #members: MemberStatus[] = [];

  set(...nodeIds: readonly string[]): void {
    this.#members = nodeIds.map((nodeId, at) => aMember(nodeId, { isLeader: at === 0 }));
  }

  members(): readonly MemberStatus[] {
    return this.#members;
  }

  async remove(nodeId: string): Promise<void> {
    this.asked.push(`remove ${nodeId}`);
    if (this.refusal) throw this.refusal;
    this.#members = this.#members.filter(member => member.nodeId !== nodeId);
  }

  async handOver(): Promise<void> {
    this.asked.push("hand over");
    const next = this.#members.findIndex(({ isLeader }) => !isLeader);
    if (next < 0) throw new Fault("unavailable", "there is nobody to hand over to");
    this.#members = this.#members.map((member, at) => ({ ...member, isLeader: at === next }));
  }
}

export function aMember(nodeId: string, change: Partial<MemberStatus> = {}): MemberStatus {
  const address = `${nodeId}:2377`;
  return { nodeId, raftId: 1n, address, isLeader: false, isReachable: true, isVoter: true, ...change };
}
