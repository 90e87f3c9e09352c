import { describe, expect, it } from "vitest";
import type { HostAddress } from "../ports/host-addresses.ts";
import { chooseDataPath, dataPathNow } from "./data-path.ts";

const on = (name: string, address: string): HostAddress => ({ interface: name, address, isLoopback: false });
const machine = (...list: HostAddress[]) => ({ list: () => list, towards: async () => undefined });
const host = machine(on("eth0", "10.0.0.5"), on("eth1", "fd00::1"), on("eth1", "192.168.7.1"));

describe("the address of the data path", () => {
  it.each([
    ["", undefined],
    ["10.9.9.9", "10.9.9.9"],
    ["fd00::7", "fd00::7"],
    ["eth1", "192.168.7.1"],
  ])("asked for as %j is %s", (asked, address) => expect(chooseDataPath(asked, host)?.address).toBe(address));

  it.each(["0.0.0.0", "::", "wlan9", "10.0.0.5:4789", "eth0:1"])("cannot be %s", asked => {
    expect(() => chooseDataPath(asked, host)).toThrow("data path address must be a non-zero IP address");
  });

  it.each([
    ["an address that was asked for", "10.9.9.9", "10.9.9.9", "10.9.9.9"],
    ["the interface's of before", "eth1", "fd00::1", "fd00::1"],
    ["the interface's other one", "eth0", "10.0.0.4", "10.0.0.5"],
    ["the last one while the interface is not there", "wlan9", "10.1.1.1", "10.1.1.1"],
  ])("is at a later start %s", (_what, asked, before, now) => {
    expect(dataPathNow({ asked, address: before }, host).address).toBe(now);
  });
});
