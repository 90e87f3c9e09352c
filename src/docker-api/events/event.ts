import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Json } from "../answer.ts";

/** A change in the swarm as `/events` tells it. */
export interface SwarmEvent {
  readonly type: "node" | "service" | "network" | "secret" | "config";
  readonly action: "create" | "update" | "remove";
  readonly id: string;
  /** The object's name, and for updates what changed, as `x.old` and `x.new`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly time: Timestamp;
}

const nanosPerSecond = 1_000_000_000n;

/** Nanoseconds since 1970. */
export function nanosOf(event: SwarmEvent): bigint {
  return event.time.seconds * nanosPerSecond + BigInt(event.time.nanos);
}

/** Docker's form. `timeNano` is beyond what a JSON number holds exactly: it is right to a microsecond. */
export function fromEvent(event: SwarmEvent): Json {
  return {
    Type: event.type,
    Action: event.action,
    Actor: { ID: event.id, Attributes: event.attributes },
    scope: "swarm",
    time: Number(event.time.seconds),
    timeNano: Number(nanosOf(event)),
  };
}
