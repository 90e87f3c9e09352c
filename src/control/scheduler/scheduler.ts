import type { Clock } from "../../ports/clock.ts";
import type { Loop } from "../loop.ts";
import { NodeSet } from "./node-set.ts";
import { decidePass, type PassObservation } from "./pass.ts";
import { isPending } from "./pending.ts";
import { Pipelines } from "./pipelines.ts";

/** Tasks that found no node try again when something changed, at most this often. */
const retryGapMs = 100;

/**
 * Tasks placed by one step: some milliseconds of work. At up to 1 kB a task that fits into a log entry; where specs are
 * larger, the runner finds out and writes fewer.
 */
const maxWritesPerPass = 1_000;

/** The keys: tasks that were not looked at yet, and all that wait. */
const fresh = "fresh";
const retry = "retry";

/** Gives pending tasks their nodes: PENDING → ASSIGNED. One pass at a time, for all services. */
export function newSchedulerLoop(clock: Pick<Clock, "now">): Loop<PassObservation> {
  const nodes = new NodeSet();
  const pipelines = new Pipelines();
  return {
    name: "scheduler",
    parallel: 1,
    maxWrites: maxWritesPerPass,
    hintDelayMs: key => (key === retry ? retryGapMs : 0),
    keysOf(event) {
      const consequence = nodes.apply(event);
      switch (consequence) {
        case "new task":
          return [fresh];
        case "room":
          return nodes.pending.size > 0 ? [retry] : [];
        case "none":
          return [];
        default:
          return consequence satisfies never;
      }
    },
    allKeys(tx) {
      nodes.audit(tx);
      nodes.failures.prune(clock.now());
      return nodes.pending.size > 0 ? [retry] : [];
    },
    expectsWrites: () => nodes.pending.hasFresh,
    observe(tx, key) {
      if (nodes.pending.size === 0) return undefined;
      return {
        nodes,
        pipelines,
        again: key === retry,
        currentOf(known) {
          const task = tx.task.get(known.id);
          return task && isPending(task) ? task : undefined;
        },
        isCurrent: node => tx.node.get(node.id) === node,
      };
    },
    decide: decidePass,
  };
}
