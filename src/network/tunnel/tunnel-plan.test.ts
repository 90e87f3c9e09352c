import { describe, expect, it } from "vitest";
import type { ActualPeer, ActualTunnel, Tunnel } from "../../ports/tunnel-ops.ts";
import { tunnelPlan } from "./tunnel-plan.ts";

const now = 10_000;
const peer = (key: string, part: Partial<ActualPeer> = {}) => ({
  ...{ key, presharedKey: "secret", endpoint: "192.0.2.2:7946", allowed: "192.0.2.2/32" },
  ...part,
});
const wanted: Tunnel = {
  ...{ name: "sw", privateKey: "private", port: 7946, address: "192.0.2.1", mtu: 1_440 },
  peers: [peer("a"), peer("b")],
};
const agreed = { agreedAt: now - 10 };
const there: ActualTunnel = {
  ...{ ...wanted, hasDevice: true },
  peers: [peer("a", agreed), peer("b", agreed)] as ActualPeer[],
};
const device = { ...there, hasDevice: false, privateKey: "", port: 0, address: "", mtu: 0, peers: [] };
const key = { do: "set-key", privateKey: "private", port: 7946 };
const connect = { do: "connect", address: "192.0.2.1", mtu: 1_440 };
const setAll = { do: "set-peers", peers: wanted.peers };
const set = (name: string) => ({ do: "set-peers", peers: [peer(name)] });
const withA = (part: Partial<ActualPeer>) => ({
  ...there,
  peers: [peer("a", { ...agreed, ...part }), peer("b", agreed)] as ActualPeer[],
});

it("keeps the secrets that a device has where the managers have not told them yet", () => {
  const untold = { ...wanted, peers: wanted.peers.map(each => ({ ...each, presharedKey: "" })) };
  expect(tunnelPlan(there, untold, now)).toEqual([]);
  const moved = { ...untold, peers: untold.peers.map(each => ({ ...each, allowed: "192.0.2.3/32" })) };
  const peers = wanted.peers.map(each => ({ ...each, allowed: "192.0.2.3/32" }));
  expect(tunnelPlan(there, moved, now)).toEqual([{ do: "set-peers", peers }]);
});

describe("what leads to the wanted tunnel", () => {
  it.each<[string, ActualTunnel | undefined, object[]]>([
    ["where there is nothing", undefined, [{ do: "add-device" }, key, setAll, connect]],
    ["where the device has died", device, [{ do: "add-device" }, key, setAll, connect]],
    ["where all is well", there, []],
    ["with another key, which takes the peers away", { ...there, privateKey: "other" }, [key, setAll]],
    ["on another port", { ...there, port: 1 }, [key, setAll]],
    ["for another address", { ...there, address: "192.0.2.9" }, [connect]],
    ["for another MTU", { ...there, mtu: 1_400 }, [connect]],
    ["where a peer is missing", { ...there, peers: there.peers.slice(0, 1) }, [set("b")]],
    [
      "where there is a peer too many",
      { ...there, peers: [...there.peers, peer("c", agreed) as ActualPeer] },
      [{ do: "remove-peers", keys: ["c"] }],
    ],
    [
      "where one node has made itself a new key",
      { ...there, peers: [peer("old", agreed) as ActualPeer, peer("b", agreed) as ActualPeer] },
      [{ do: "remove-peers", keys: ["old"] }, set("a")],
    ],
    ["with another secret", withA({ presharedKey: "before" }), [set("a")]],
    ["with another address allowed", withA({ allowed: "192.0.2.0/24" }), [set("a")]],
    ["where a peer answers from elsewhere", withA({ endpoint: "198.51.100.1:9" }), []],
    ["where it has answered from elsewhere", withA({ endpoint: "198.51.100.1:9", agreedAt: now - 181 }), [set("a")]],
    ["where a peer has never answered", withA({ endpoint: "", agreedAt: 0 }), [set("a")]],
  ])("%s", (_, actual, changes) => {
    expect(tunnelPlan(actual, wanted, now)).toEqual(changes);
  });
});
