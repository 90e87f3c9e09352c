import type { NetProbes } from "../../ports/net-probes.ts";
import type { Plane } from "../plane-state.ts";
import { portName, portsInUse, publishedPorts } from "../ports-in-use.ts";
import { type Finding, warning } from "./finding.ts";

/** The published ports that something else on this machine listens on: the mesh does what it is to do, but that may not be meant. */
export async function portFindings(plane: Plane, probes: Pick<NetProbes, "listeners">): Promise<Finding[]> {
  const conflicts = portsInUse(plane, await probes.listeners(publishedPorts(plane)));
  return conflicts.map(conflict => {
    const service = plane.services.get(conflict.serviceId)?.name ?? conflict.serviceId;
    const program = conflict.program || "a program of this machine's";
    const where = conflict.addresses.includes("*") ? "" : ` on ${conflict.addresses.join(", ")}`;
    const problem = `${program} listens there${where}, but calls go to service ${service}, which publishes that port`;
    return warning(`port ${portName(conflict)}`, problem, "publish another port, or let the program listen on another");
  });
}
