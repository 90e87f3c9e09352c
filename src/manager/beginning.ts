import type { Cluster, Node } from "../model/objects.ts";

/** What a manager begins with; `managers` are others to turn to, HOST:PORT each. */
export type ManagerBeginning =
  /** The first manager of a new swarm, whose objects these are. */
  | { readonly kind: "found"; readonly cluster: Cluster; readonly node: Node }
  /** A new member of a quorum. */
  | { readonly kind: "join"; readonly managers: readonly string[] }
  /** The log on the disk; where there is none, as for `join`. */
  | { readonly kind: "resume"; readonly managers: readonly string[] }
  /** The log on the disk, every other member struck out. */
  | { readonly kind: "force-new-cluster" };
