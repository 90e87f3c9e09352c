import { signal } from "@preact/signals";
import { type Obstacle, Refusal, type Visitor, whoAmI } from "./api.ts";

/** How whoever looks at the page stands to the swarm. */
export type Door =
  | { readonly at: "unknown" }
  | { readonly at: "inside"; readonly visitor: Visitor }
  /** `wasInside`: the session is over. */
  | { readonly at: "outside"; readonly wasInside: boolean }
  /** The node shows no swarm to anybody. */
  | { readonly at: "obstacle"; readonly obstacle: Obstacle }
  | { readonly at: "unreachable" };

/** How the visitor stands now; unknown until the manager has been asked. */
export const door = signal<Door>({ at: "unknown" });

/** Milliseconds between two looks whether a node that showed no swarm does now. */
const retryMs = 2_000;

/** Whether the visitor may change things: what they may not do is not offered. */
export function mayChange(): boolean {
  return door.value.at === "inside" && door.value.visitor.role === "operator";
}

/** Asks how the visitor stands. */
export async function knock(): Promise<void> {
  try {
    door.value = { at: "inside", visitor: await whoAmI() };
  } catch (error) {
    turnAway(error);
  }
}

/** Takes in why a call was refused, where that is because of how the visitor or the node stands. Whether it is. */
export function turnAway(error: unknown): boolean {
  if (!(error instanceof Refusal)) {
    if (door.value.at !== "inside") door.value = { at: "unreachable" };
    return false;
  }
  if (error.obstacle) door.value = { at: "obstacle", obstacle: error.obstacle };
  else if (error.status === 401) door.value = { at: "outside", wasInside: door.value.at === "inside" };
  else return false;
  return true;
}

/** Goes on asking until the returned function is called. */
export function keepKnocking(): () => void {
  const timer = setInterval(() => void knock(), retryMs);
  return () => clearInterval(timer);
}
