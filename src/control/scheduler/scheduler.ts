import type { Clock } from "../../ports/clock.ts";
import type { Loop } from "../loop.ts";
import { isPending, NodeSet } from "./node-set.ts";
import { decidePass, type PassObservation } from "./pass.ts";

/** Tasks that found no node try again when something changed, at most this often. */
const retryGapMs = 100;

/** The keys: tasks that were not looked at yet, and all that wait. */
const fresh = "fresh";
const retry = "retry";

/** Gives pending tasks their nodes: PENDING → ASSIGNED. One pass at a time, for all services. */
export function newSchedulerLoop(clock: Pick<Clock, "now">): Loop<PassObservation> {
  const nodes = new NodeSet();
  return {
    name: "scheduler",
    parallel: 1,
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
    observe(tx, key) {
      const tasks = Array.from(nodes.pending, id => tx.task.get(id)).filter(
        task => task !== undefined && isPending(task) && (key === retry || task.status.err === ""),
      );
      // In a transaction a node may be ahead of what the events have told: it is left out until they have.
      const views = [...nodes.views()].filter(({ node }) => tx.node.get(node.id) === node);
      return { tasks: tasks.filter(task => task !== undefined), views, failures: nodes.failures };
    },
    decide: decidePass,
  };
}
