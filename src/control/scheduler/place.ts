import type { Node } from "../../model/objects.ts";
import { Usage } from "./usage.ts";

/** A node with what is on it. */
export interface NodeView {
  readonly node: Node;
  readonly usage: Usage;
}

/** As the scheduler keeps it: one object for a node, whatever becomes of it. */
export class Place implements NodeView {
  node: Node;
  readonly usage: Usage;

  /** `usage`: what is known to be on the node already. */
  constructor(node: Node, usage = new Usage()) {
    this.node = node;
    this.usage = usage;
  }
}
