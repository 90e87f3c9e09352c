import type { SwarmStatus } from "../docker-api/backend.ts";
import type { Member } from "./member.ts";

/** Where a node stands: exactly one of these at a time. */
export type Standing =
  | { readonly at: "outside" }
  | { readonly at: "joining"; readonly giveUp: AbortController; error: string }
  | { readonly at: "member"; readonly member: Member }
  /** A manager by its files, whose keys nobody has unlocked yet; its address is without port. */
  | { readonly at: "locked"; readonly address: string }
  /** A member by its files, but unable to take part. */
  | { readonly at: "fault"; readonly error: string };

export const outside: Standing = { at: "outside" };

/** What a status tells besides the standing. */
const nothing = {
  state: "inactive",
  error: "",
  nodeId: "",
  nodeAddress: "",
  controlAvailable: false,
  managers: [],
} as const;

/** A standing as `/info` shows it. */
export function statusOf(standing: Standing): SwarmStatus {
  switch (standing.at) {
    case "outside":
      return nothing;
    case "joining":
      return { ...nothing, state: "pending", error: standing.error };
    case "locked":
      return { ...nothing, state: "locked", nodeAddress: standing.address };
    case "fault":
      return { ...nothing, state: "error", error: standing.error };
    case "member": {
      const { member } = standing;
      return {
        ...nothing,
        ...member.condition(),
        nodeId: member.nodeId,
        nodeAddress: member.address,
        controlAvailable: member.manager !== undefined,
        managers: member.managers(),
      };
    }
    default:
      return standing satisfies never;
  }
}
