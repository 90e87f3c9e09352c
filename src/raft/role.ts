import type { Index, NodeId, Payload, Term } from "./entry.ts";
import type { TermedMessage } from "./message.ts";

export type RoleKind = "follower" | "pre-candidate" | "candidate" | "leader";

/** What became of a proposal. Only what was appended is known to be in the log of this node, and may still be lost with it. */
export type ProposeResult =
  | { readonly kind: "appended"; readonly term: Term; readonly firstIndex: Index; readonly lastIndex: Index }
  | { readonly kind: "forwarded"; readonly to: NodeId }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly detail: string };

/**
 * - `no leader`: none is known here.
 * - `transferring`: leadership is being handed over.
 * - `busy`: as much as is allowed waits to be committed, or to be confirmed.
 * - `too large`: a payload is more than an entry may be.
 * - `config pending`: another change of membership is not applied yet.
 * - `invalid`: the change, or the transfer, cannot be made.
 */
export type Refusal = "no leader" | "transferring" | "busy" | "too large" | "config pending" | "invalid";

/** What became of a read or a transfer. Who is told `asked` may still never hear of it again: messages get lost, leaders too. */
export type AskResult =
  | { readonly kind: "asked" }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly detail: string };

/** A node's part in its term. What only one role needs to know lives and dies with it. */
export interface Role {
  readonly kind: RoleKind;
  tick(): void;
  /** A message of this node's own term; vote requests never get here. */
  receive(message: TermedMessage): void;
  propose(payloads: readonly Payload[]): ProposeResult;
  /** `from` is this node itself or one that passed a read on. */
  read(from: NodeId, context: Uint8Array): AskResult;
  transfer(to: NodeId): AskResult;
  /** More of what this node wanted saved is durable. */
  persisted(): void;
  /** More is applied, and another membership may be in force. */
  applied(): void;
  /** Comes before every `Ready`: whatever was put off to be done once for many. */
  flush(): void;
}

export const refused = (reason: Refusal, detail: string) => ({ kind: "refused", reason, detail }) as const;
export const asked = { kind: "asked" } as const;
