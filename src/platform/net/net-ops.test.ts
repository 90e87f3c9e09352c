import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { command } from "../../../test/lab/command.ts";
import { networksUnavailableReason } from "../../../test/lab/requirements.ts";
import { exerciseNetOps } from "../../ports/net-ops.contract.test-kit.ts";
import { SimNetOps } from "../../sim/net-ops.ts";
import { batchFailures } from "./batch.ts";
import { batchLines } from "./link-commands.ts";

const reason = networksUnavailableReason();
const loader = pathToFileURL(join(import.meta.dirname, "../../../node_modules/tsx/dist/loader.mjs")).href;
const program = join(import.meta.dirname, "net-ops.machine.test-kit.ts");

describe.skipIf(reason)(`this machine's network${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it("does what the simulated one does", async () => {
    const sim = new SimNetOps();
    await sim.create({ name: "kit", networkId: "kit", bridge: "sbkit1", mtu: 1_450, subnets: [] });
    sim.addPort("sbkit1", "vekit1");
    const real = await command(["unshare", "--net", "node", "--import", loader, program]);
    expect(JSON.parse(real)).toEqual(JSON.parse(JSON.stringify(await exerciseNetOps(sim))));
  });
});

describe("the commands for a change", () => {
  it("mark a reply's route by its number, on either IP version", () => {
    const path = { mark: 3 * 2 ** 20, family: 6, via: "fd00::3", device: "sbx" } as const;
    expect(batchLines({ do: "set-return", path }).map(({ program, text }) => `${program} ${text}`)).toEqual([
      "ip -6 route replace default via fd00::3 dev sbx onlink table 5200003 proto 114",
      "ip -6 rule add pref 5200 fwmark 0x300000/0xfff00000 lookup 5200003",
      "ip -6 rule add pref 5201 nop",
      "ip -6 rule add pref 5199 fwmark 0x0/0xfff00000 goto 5201",
    ]);
  });

  it.each([
    ["nothing", "", []],
    [
      "an error",
      "RTNETLINK answers: File exists\nCommand failed -:3\n",
      [{ line: 3, text: "RTNETLINK answers: File exists" }],
    ],
    [
      "two, one with an explanation",
      "Error: Nexthop has invalid gateway.\nCommand failed -:1\nA\nB\nCommand failed -:20\n",
      [
        { line: 1, text: "Error: Nexthop has invalid gateway." },
        { line: 20, text: "A B" },
      ],
    ],
  ])("say which lines failed: %s", (_, stderr, failures) => {
    expect(batchFailures(stderr)).toEqual(failures);
  });
});
