import { Fault } from "../lib/fault.ts";
import type { ProposeResult } from "../raft/role.ts";
import { noLeader } from "./leadership.ts";

/** What a proposer is told whom raft has refused. */
export function refusal({ reason, detail }: Extract<ProposeResult, { kind: "refused" }>): Fault {
  switch (reason) {
    case "no leader":
    case "transferring":
      return noLeader();
    case "busy":
    case "too large":
      return new Fault("resource_exhausted", `Cannot change the cluster: ${detail}`);
    case "config pending":
      return new Fault("aborted", `Cannot change the quorum: ${detail}`);
    case "invalid":
      return new Fault("failed_precondition", `Cannot change the quorum: ${detail}`);
    default:
      return reason satisfies never;
  }
}

/** This manager takes nothing more. */
export function stopping(): Fault {
  return new Fault("unavailable", "Cannot change the cluster: this manager is stopping");
}

/** It may be in the log of the next leader, or not. */
export function uncertain(): Fault {
  return new Fault(
    "unavailable",
    "This manager lost its leadership meanwhile: it is not known whether the change was made",
  );
}
