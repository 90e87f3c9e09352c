import { describe, expect, it } from "vitest";
import type { HostAddress } from "../ports/host-addresses.ts";
import { lookUpAgain } from "./asked-addresses.ts";

const on = (name: string, address: string): HostAddress => ({ interface: name, address, isLoopback: name === "lo" });
const lo = on("lo", "127.0.0.1");
const machine = (...list: HostAddress[]) => ({ list: () => [lo, ...list], towards: async () => undefined });

describe("a node's addresses at a later start", () => {
  it.each([
    ["an address that was asked for, there or not", "0.0.0.0:2377", "10.9.9.9", "10.9.9.9:2377", [], "10.9.9.9:2377"],
    ["the one of before", "", "", "10.0.0.5:2377", [on("eth0", "10.0.0.5")], "10.0.0.5:2377"],
    ["the only one", "", "", "10.0.0.5:2377", [on("eth0", "10.0.0.6")], "10.0.0.6:2377"],
    [
      "the one of before beside new ones",
      "",
      "",
      "10.0.0.5:2377",
      [on("e1", "10.1.1.1"), on("e0", "10.0.0.5")],
      "10.0.0.5:2377",
    ],
    [
      "the interface's",
      "0.0.0.0:2377",
      "e1",
      "10.0.0.5:2377",
      [on("e0", "10.0.0.5"), on("e1", "10.1.1.1")],
      "10.1.1.1:2377",
    ],
    ["the interface's of before", "", "e1:5", "10.1.1.2:5", [on("e1", "10.1.1.1"), on("e1", "10.1.1.2")], "10.1.1.2:5"],
  ])("is %s", async (_, listen, advertise, before, list, now) => {
    const last = { listen: "0.0.0.0:2377", advertise: before };
    const found = await lookUpAgain({ listen, advertise, remote: "" }, last, machine(...list));
    expect(found.advertise).toBe(now);
  });

  it("follows the interface to listen on", async () => {
    const last = { listen: "10.0.0.5:2377", advertise: "10.0.0.5:2377" };
    const asked = { listen: "eth0", advertise: "", remote: "" };
    expect(await lookUpAgain(asked, last, machine(on("eth0", "10.0.0.7")))).toEqual({
      listen: "10.0.0.7:2377",
      advertise: "10.0.0.7:2377",
    });
    expect(await lookUpAgain(asked, last, machine(on("eth0", "10.0.0.4"), on("eth0", "10.0.0.5")))).toEqual(last);
  });

  it.each([
    ["the interface is not there", "wlan0", [on("eth0", "10.0.0.6")]],
    ["there are several to choose from", "", [on("eth0", "10.0.0.6"), on("eth1", "10.1.0.6")]],
    ["there is no network yet", "", []],
  ])("cannot be told when %s", async (_, advertise, list) => {
    const last = { listen: "0.0.0.0:2377", advertise: "10.0.0.5:2377" };
    const looking = lookUpAgain({ listen: "0.0.0.0:2377", advertise, remote: "" }, last, machine(...list));
    await expect(looking).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^Cannot tell this node's address: /),
    });
  });
});
