import type { MemberStatus } from "../consensus/member.ts";

/** The members of the quorum, as far as the control loops have to do with them. */
export interface Quorum {
  members(): readonly MemberStatus[];
  /** Fault failed_precondition when the others could not go on by themselves. */
  remove(nodeId: string): Promise<void>;
  /** Lets the best other member lead; Fault unavailable when that did not work out. */
  handOver(): Promise<void>;
}

/** What a decision may do to the quorum. */
export type QuorumStep =
  | { readonly kind: "remove member"; readonly nodeId: string }
  /** This manager is to leave itself: the next leader goes on. */
  | { readonly kind: "hand over" };

export function applyStep(quorum: Quorum, step: QuorumStep): Promise<void> {
  switch (step.kind) {
    case "remove member":
      return quorum.remove(step.nodeId);
    case "hand over":
      return quorum.handOver();
    default:
      return step satisfies never;
  }
}
