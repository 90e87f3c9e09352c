import type { Clock } from "../../ports/clock.ts";
import { Holds } from "../dependencies/holds.ts";
import type { Loop } from "../loop.ts";
import { Audit } from "./audit.ts";
import { Kinds } from "./kinds.ts";
import { NodeSet } from "./node-set.ts";
import { decidePass, type PassObservation } from "./pass.ts";
import { isPending } from "./pending.ts";

/** Tasks that found no node try again when something changed, at most this often. */
const retryGapMs = 100;

/**
 * Tasks placed by one step: some milliseconds of work. At up to 2 kB a task that fits into a log entry; where specs are
 * larger, the runner finds out and writes fewer.
 */
const maxWritesPerPass = 500;

/** Objects that an audit looks at before others get their turn: some milliseconds of work, too. */
const objectsPerAuditStep = 10_000;

/** The keys: tasks that were not looked at yet; all that wait; and the same after everything was looked at. */
const fresh = "fresh";
const retry = "retry";
const audited = "audited";

/** Gives pending tasks their nodes: PENDING → ASSIGNED. One pass at a time, for all services. */
export function newSchedulerLoop(clock: Pick<Clock, "now">): Loop<Observation> {
  const nodes = new NodeSet();
  const kinds = new Kinds();
  const holds = new Holds();
  let audit: Audit | undefined;
  /** Before the first audit is done nobody knows how full the nodes are. */
  let knowsAll = false;
  return {
    name: "scheduler",
    parallel: 1,
    watches: ["service", "node", "task"],
    maxWrites: maxWritesPerPass,
    hintDelayMs: key => (key === retry ? retryGapMs : 0),
    keysOf(event) {
      audit?.note(event);
      const consequence = nodes.apply(event);
      switch (consequence) {
        case "new task":
          return [fresh];
        case "room":
          return nodes.pending.size > 0 ? [retry] : [];
        case "none":
          return nodes.pending.size > 0 && holds.concerns(event) ? [retry] : [];
        default:
          return consequence satisfies never;
      }
    },
    allKeys(tx) {
      audit = new Audit(nodes, tx);
      nodes.failures.prune(clock.now());
      holds.clear();
      return [audited];
    },
    expectsWrites(key) {
      if (!nodes.pending.hasFresh) return false;
      return key === audited && audit ? audit.left <= objectsPerAuditStep : knowsAll;
    },
    observe(tx, key) {
      if (key === audited && audit) {
        audit.advance(objectsPerAuditStep);
        if (!audit.done) return { kind: "auditing" };
        audit = undefined;
        knowsAll = true;
      }
      if (!knowsAll || nodes.pending.size === 0) return undefined;
      return {
        kind: "pass",
        nodes,
        kinds,
        again: key !== fresh,
        heldBy: holds.look(tx),
        currentOf(known) {
          const task = tx.task.get(known.id);
          return task && isPending(task) ? task : undefined;
        },
        isCurrent: node => tx.node.get(node.id) === node,
      };
    },
    decide: (observation, context) =>
      observation.kind === "pass" ? decidePass(observation, context) : { writes: [], lookAgainMs: 1 },
  };
}

type Observation = { readonly kind: "auditing" } | ({ readonly kind: "pass" } & PassObservation);
