import type { FaultCode } from "../lib/fault.ts";

/** Told of what happens and how long it took, milliseconds, for whoever draws conclusions from it. Costs next to nothing. */
export interface Meters {
  /** A task was given a node, so long after it was made. On the leader. */
  taskScheduled(ms: number): void;
  /** A task has come to run, so long after it was given a node. On the leader. */
  taskStarted(ms: number): void;
  /** A request to the API has its answer, or that of a stream has begun. `route`: the kind of thing it was about. */
  apiAnswered(request: { readonly method: string; readonly route: string; readonly status: number }, ms: number): void;
  /** Nodes that have a session with this manager now. */
  sessions(open: number): void;
  heartbeat(): void;
  /** A node's session has ended because its heartbeats did not come. */
  nodeLost(): void;
  /** The runtime was asked for something; with why it could not do it. */
  runtimeAsked(operation: string, ms: number, failure: FaultCode | undefined): void;
  /** This node's networks were compared with what they are to be, and brought there if that was possible. */
  networkApplied(ms: number, isDone: boolean): void;
  /** Somebody had changed what this node had made of its networks; it was put right. */
  networkRepaired(): void;
}

/** Nobody looks. */
export const noMeters: Meters = {
  taskScheduled() {},
  taskStarted() {},
  apiAnswered() {},
  sessions() {},
  heartbeat() {},
  nodeLost() {},
  runtimeAsked() {},
  networkApplied() {},
  networkRepaired() {},
};
