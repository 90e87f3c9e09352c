import { describe, expect, it } from "vitest";
import type { HostAddress } from "../ports/host-addresses.ts";
import { chooseAddresses, splitAddress } from "./addresses.ts";

const eth0: HostAddress = { interface: "eth0", address: "10.0.0.5", isLoopback: false };
const eth1: HostAddress = { interface: "eth1", address: "192.168.7.1", isLoopback: false };
const lo: HostAddress = { interface: "lo", address: "127.0.0.1", isLoopback: true };
const docker0: HostAddress = { interface: "docker0", address: "172.17.0.1", isLoopback: false };

const machine = (...list: HostAddress[]) => ({ list: () => list, towards: async () => undefined });

describe("choosing a node's addresses", () => {
  it.each([
    ["", "", [lo, eth0, docker0], "0.0.0.0:2377", "10.0.0.5:2377"],
    ["0.0.0.0:2400", "", [eth0], "0.0.0.0:2400", "10.0.0.5:2400"],
    ["127.0.0.11", "", [lo, eth0, eth1], "127.0.0.11:2377", "127.0.0.11:2377"],
    ["0.0.0.0:2377", "10.1.1.1", [eth0, eth1], "0.0.0.0:2377", "10.1.1.1:2377"],
    ["0.0.0.0:2377", "eth1:99", [eth0, eth1], "0.0.0.0:2377", "192.168.7.1:99"],
    ["eth0", "", [eth0, eth1], "10.0.0.5:2377", "10.0.0.5:2377"],
    ["[::1]:5", "", [eth0], "[::1]:5", "[::1]:5"],
  ])("listen %j, advertise %j", async (listen, advertise, list, wantListen, wantAdvertise) => {
    const chosen = await chooseAddresses({ listen, advertise, remote: "" }, machine(...list));
    expect(chosen).toEqual({ listen: wantListen, advertise: wantAdvertise });
  });

  it.each([
    ["nonsense:port", "", [eth0], "listen address must be"],
    ["", "0.0.0.0", [eth0], "advertise address must be a non-zero"],
    ["", "wlan9", [eth0], "advertise address must be"],
    ["", "", [lo], "could not find the system's IP address"],
    ["", "", [eth0, eth1], "(10.0.0.5 on eth0 and 192.168.7.1 on eth1) - specify one with --advertise-addr"],
    ["", "", [eth0, { ...eth0, address: "10.0.0.6" }], "multiple addresses on interface eth0"],
  ])("refuses listen %j, advertise %j", async (listen, advertise, list, text) => {
    const choosing = chooseAddresses({ listen, advertise, remote: "" }, machine(...list));
    await expect(choosing).rejects.toMatchObject({ code: "invalid_argument", message: expect.stringContaining(text) });
  });

  it("takes the address that faces the manager to be joined", async () => {
    const host = { list: () => [eth0, eth1], towards: async () => "192.168.7.1" };
    const chosen = await chooseAddresses({ listen: "", advertise: "", remote: "192.168.7.9:2377" }, host);
    expect(chosen.advertise).toBe("192.168.7.1:2377");
  });
});

it.each([
  ["10.0.0.1:1", { host: "10.0.0.1", port: 1 }],
  ["10.0.0.1", { host: "10.0.0.1", port: 7 }],
  ["[fd00::1]:9", { host: "fd00::1", port: 9 }],
  ["fd00::1", { host: "fd00::1", port: 7 }],
  ["host.example:80", { host: "host.example", port: 80 }],
  ["x:y:z", undefined],
  ["x:99999", undefined],
  ["", undefined],
])("splits %j", (text, parts) => expect(splitAddress(text, 7)).toEqual(parts));
