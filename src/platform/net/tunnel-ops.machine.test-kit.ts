import { exerciseTunnelOps } from "../../ports/tunnel-ops.contract.test-kit.ts";
import { mustRun } from "./program.ts";
import { systemTunnelOps } from "./tunnel-ops.ts";

/* Run as a program of its own in namespaces of its own, with a /run of its own: prints what was seen there. */

for (const line of ["link set lo up", "address add 192.0.2.1/32 dev lo"]) await mustRun("ip", line.split(" "));
process.stdout.write(JSON.stringify(await exerciseTunnelOps(systemTunnelOps)));
