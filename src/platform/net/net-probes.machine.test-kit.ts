import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { exerciseNetProbes } from "../../ports/net-probes.contract.test-kit.ts";
import { systemNetOps } from "./net-ops.ts";
import { systemNetProbes } from "./net-probes.ts";
import { mustRun } from "./program.ts";

/* Run as a program of its own in a network namespace of its own: prints what was seen there. */

for (const line of ["link set lo up mtu 1500"]) await mustRun("ip", line.split(" "));
const tcp = createServer().listen(8080, "127.0.0.1");
const udp = createSocket("udp4").bind(8053);
await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
process.stdout.write(JSON.stringify(await exerciseNetProbes(systemNetProbes, systemNetOps)));
tcp.close();
udp.close();
