import { expect } from "vitest";
import type { MemberStatus } from "../consensus/member.ts";
import type { FaultCode } from "../lib/fault.ts";
import { localClient } from "../manager/local-client.ts";
import { SimClock } from "../sim/clock.ts";
import { SimHttps } from "../sim/https.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore } from "../sim/store.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { PortInUse } from "../wire/gen/shoal/v1/doctor_pb.ts";
import { controlApi } from "./control-api.ts";

/** The cluster's API over an empty store. The quorum has no members but those put into `members`. */
export function newApi() {
  const members: MemberStatus[] = [];
  const clock = new SimClock();
  const store = newSimStore({ clock });
  const https = new SimHttps();
  const inUse = new Map<string, readonly PortInUse[]>();
  const parts = { store, clock, https, random: new SimRandom() };
  const handlers = controlApi({ ...parts, members: () => members, portsInUse: () => inUse });
  const api = localClient(Control, handlers, { nodeId: "m", role: "manager", clusterId: "c" });
  return { api, store, clock, members, https, inUse };
}

/** A Fault with this code and exactly this text. */
export function fault(code: FaultCode, message: string): unknown {
  return expect.objectContaining({ name: "Fault", code, message });
}

export function invalid(message: string): unknown {
  return fault("invalid_argument", message);
}
