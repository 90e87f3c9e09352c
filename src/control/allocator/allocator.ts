import type { Loop } from "../loop.ts";
import { type AllocationObservation, decideAllocation } from "./allocation.ts";
import { AllocatorState } from "./state.ts";

/** Objects written by one step: with a network or two each they fit into a log entry. */
const maxWritesPerStep = 500;
/** Those who wait for an address look again when some became free, at most this often. */
const retryGapMs = 100;

/** The keys: whatever is new; and the same after those were woken who wait for what became free. */
const fresh = "fresh";
const freed = "freed";

/**
 * Gives networks their subnets and VXLAN ids, services their ports and virtual addresses, nodes and tasks their addresses, and
 * lets new tasks on to the scheduler once they have all they need: NEW → PENDING.
 */
export function newAllocatorLoop(): Loop<AllocationObservation> {
  const state = new AllocatorState();
  return {
    name: "allocator",
    // One decision at a time: nothing is to be given twice.
    parallel: 1,
    watches: ["cluster", "network", "service", "node", "task"],
    maxWrites: maxWritesPerStep,
    hintDelayMs: key => (key === freed ? retryGapMs : 0),
    keysOf(event, tx) {
      const consequence = state.apply(event, tx);
      switch (consequence) {
        case "now":
          return [fresh];
        case "soon":
          return [freed];
        case "none":
          return [];
        default:
          return consequence satisfies never;
      }
    },
    allKeys(tx) {
      state.rebuild(tx);
      return [fresh];
    },
    expectsWrites: () => state.hasFresh,
    observe(tx, key) {
      if (key === freed) state.wakeForFreed();
      return { state, tx };
    },
    decide: decideAllocation,
  };
}
