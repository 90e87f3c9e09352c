import type { Member } from "./objects.ts";

/** Whether the managers can change anything. */
export type QuorumState =
  /** Nothing is known of managers. */
  | "unknown"
  | "led"
  /** Enough managers reach each other; they are choosing who leads. */
  | "electing"
  /** Too few managers reach each other: nothing can be changed. */
  | "lost";

/** How many of so many managers must reach each other. */
export function majorityOf(managers: number): number {
  return Math.floor(managers / 2) + 1;
}

/** How the managers stand, as the one that serves the page sees them. */
export function quorumState(members: readonly Member[]): QuorumState {
  if (members.length === 0) return "unknown";
  const reachable = members.filter(member => member.Reachable);
  if (reachable.length < majorityOf(members.length)) return "lost";
  return members.some(member => member.Leader) ? "led" : "electing";
}
