import { exerciseNetOps } from "../../ports/net-ops.contract.test-kit.ts";
import { systemNetOps } from "./net-ops.ts";
import { mustRun } from "./program.ts";

/* Run as a program of its own in a network namespace of its own: prints what was seen there. */

for (const line of [
  "link set lo up",
  "address add 192.0.2.1/32 dev lo",
  "link add sbkit1 type bridge",
  "link set sbkit1 up",
  "address add 10.77.0.1/24 dev sbkit1",
  "link add vekit1 type veth peer name vekit2",
  "link set vekit1 master sbkit1",
])
  await mustRun("ip", line.split(" "));
process.stdout.write(JSON.stringify(await exerciseNetOps(systemNetOps)));
