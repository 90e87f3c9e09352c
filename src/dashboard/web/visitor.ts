import { signal } from "@preact/signals";
import type { Visitor } from "./api.ts";

/** Who looks at the page; undefined until they have logged in, "unknown" until that is known. */
export const visitor = signal<Visitor | undefined | "unknown">("unknown");

/** Whether the visitor may change things: what they may not do is not offered. */
export function mayChange(): boolean {
  return typeof visitor.value === "object" && visitor.value.role === "operator";
}
