import type { MemberStatus } from "../consensus/member.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { HttpsClient } from "../ports/https.ts";
import type { Random } from "../ports/random.ts";
import type { Handlers } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { PortsInUse } from "./ports-in-use.ts";

/** What the cluster's API works with. */
export interface ControlApiParts {
  readonly store: Store;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** To external CAs. */
  readonly https: HttpsClient;
  /** The managers in the quorum, now. */
  readonly members: () => readonly MemberStatus[];
  /** By node, the published ports that something else there listens on, now. */
  readonly portsInUse: () => PortsInUse;
}

/** The methods of one kind of object. */
export type Methods<K extends keyof Handlers<typeof Control>> = Pick<Handlers<typeof Control>, K>;

/** SwarmKit's text for requests that lack an id, a version or a spec. */
export function invalidArgument(message = "invalid argument"): Fault {
  return new Fault("invalid_argument", message);
}

export function notFound(kind: string, id: string): Fault {
  return new Fault("not_found", `${kind} ${id} not found`);
}

/** `value`, or Fault invalid_argument for what the request must have and has not. */
export function required<T>(value: T | undefined, message?: string): Exclude<T, ""> {
  if (value === undefined || value === "") throw invalidArgument(message);
  return value as Exclude<T, "">;
}
