import { meetsConstraints } from "../../../model/constraint.ts";
import { constraintsOf } from "../../placement.ts";
import { type Filter, nodes } from "../filter.ts";

/** The task's placement constraints. */
export const constraints: Filter = {
  ofNode: true,
  prepare(task) {
    const { placement } = task.spec;
    if (!placement?.constraints.length) return undefined;
    const wanted = constraintsOf(placement);
    return ({ node }) => wanted !== undefined && meetsConstraints(node, wanted);
  },
  explain: count => `scheduling constraints not satisfied on ${nodes(count)}`,
};
