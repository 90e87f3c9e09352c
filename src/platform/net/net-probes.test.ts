import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { command } from "../../../test/lab/command.ts";
import { findProgram, networksUnavailableReason } from "../../../test/lab/requirements.ts";
import { exerciseNetProbes } from "../../ports/net-probes.contract.test-kit.ts";
import { SimNetOps } from "../../sim/net-ops.ts";
import { SimNetProbes } from "../../sim/net-probes.ts";
import { socketsIn } from "./listening-sockets.ts";
import { reachedIn } from "./ping.ts";

const noPing = findProgram("ping") ? undefined : "ping is not installed (Debian: iputils-ping)";
const reason = networksUnavailableReason() ?? noPing;
const loader = pathToFileURL(join(import.meta.dirname, "../../../node_modules/tsx/dist/loader.mjs")).href;
const program = join(import.meta.dirname, "net-probes.machine.test-kit.ts");

describe.skipIf(reason)(`this machine's network, looked at${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it("shows what the simulated one shows", async () => {
    const machine = new SimNetOps();
    const sim = new SimNetProbes(machine);
    sim.listening.push(
      { protocol: "tcp", port: 8080, address: "127.0.0.1", program: "node (process 1)" },
      { protocol: "udp", port: 8053, address: "0.0.0.0", program: "node (process 1)" },
    );
    sim.room.set("127.0.0.2", 1_500).set("192.0.2.77", 0);
    const real = await command(["unshare", "--net", "node", "--import", loader, program]);
    expect(JSON.parse(real)).toEqual(JSON.parse(JSON.stringify(await exerciseNetProbes(sim, machine))));
  });
});

it("reads what ss lists", () => {
  const text = `tcp  LISTEN 0 511 127.0.0.1:8099 0.0.0.0:* users:(("nginx: \\"x\\"",pid=312,fd=20),("b",pid=3,fd=4))
tcp  LISTEN 0 511         *:80         *:*
udp  UNCONN 0 0   0.0.0.0%eth0:68  0.0.0.0:* users:(("dhclient",pid=7,fd=6))
tcp  LISTEN 0 511 [fe80::1%eth0]:53 [::]:*
sctp LISTEN 0 5   [::]:9000      [::]:*
u_str LISTEN 0 5   /run/x 1 * 0`;
  expect(socketsIn(text).map(each => Object.values(each).join(" | "))).toEqual([
    'tcp | 8099 | 127.0.0.1 | nginx: \\"x\\" (process 312)',
    "tcp | 80 | * | ",
    "udp | 68 | 0.0.0.0 | dhclient (process 7)",
    "tcp | 53 | fe80::1 | ",
    "sctp | 9000 | :: | ",
  ]);
});

it.each([
  ["an answer", 0, "64 bytes from", "", { kind: "answered" }],
  ["none", 1, "3 packets transmitted, 0 received", "", { kind: "no answer" }],
  [
    "a packet too big for the device",
    1,
    "",
    "ping: local error: message too long, mtu=1400",
    { kind: "too big", mtu: 1400 },
  ],
  [
    "one too big for a router",
    1,
    "From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1380)",
    "",
    { kind: "too big", mtu: 1380 },
  ],
  ["one too big, nobody says by how much", 1, "", "ping: sendmsg: Message too long", { kind: "too big", mtu: 0 }],
  ["no way there", 2, "", "ping: connect: Network is unreachable", { kind: "no answer" }],
])("understands ping: %s", (_, code, stdout, stderr, reached) => {
  expect(reachedIn(code, stdout, stderr)).toEqual(reached);
});

it("does not take a ping of another make for silence", () => {
  expect(() => reachedIn(2, "", "ping: invalid option -- 'M'\nUsage")).toThrow("ping cannot be used: ping: invalid");
});
