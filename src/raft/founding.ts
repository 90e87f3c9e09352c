import type { Entry, HardState, NodeId } from "./entry.ts";
import { nobody } from "./entry.ts";

/**
 * The log that a new cluster's first members start with, the same on each: one entry a member, committed in term 1.
 * Nodes that join later start with nothing and get it from the leader like any other entry.
 */
export function foundingLog(members: readonly { readonly id: NodeId; readonly context: Uint8Array }[]): {
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
} {
  const entries = members.map(
    ({ id, context }, place): Entry => ({
      index: BigInt(place + 1),
      term: 1n,
      kind: "config",
      change: { transition: "auto", changes: [{ kind: "add-voter", id }], tag: 0n, context },
    }),
  );
  return { entries, hardState: { term: 1n, vote: nobody, commit: BigInt(members.length) } };
}
