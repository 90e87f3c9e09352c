import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { NodeDescriptionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { planeFactsOf, withPlaneFacts } from "./node-plane.ts";

const described = (labels: Record<string, string>) => create(NodeDescriptionSchema, { engine: { labels } });

describe("what a node says of its data plane", () => {
  it("stands in its engine's labels", () => {
    const wireguardKey = new Uint8Array(32).fill(7);
    const facts = { wireguardKey, filtersBridges: true, addresses: ["198.51.100.1", "2001:db8::1"] };
    const description = withPlaneFacts(described({ "shoal.data-address": "192.0.2.1", other: "kept" }), facts);
    expect(planeFactsOf(description)).toEqual({ ...facts, dataAddress: "192.0.2.1" });
    expect(description.engine?.labels.other).toBe("kept");
  });

  it.each([
    "192.0.2.1 self permanent\nlink delete dev eth0",
    "192.0.2.1 . 10.0.0.5 }\nflush ruleset",
    "eth0",
    "192.0.2",
  ])("is no address that is none: %j", said => {
    expect(planeFactsOf(described({ "shoal.data-address": said })).dataAddress).toBe("");
    expect(planeFactsOf(described({ "shoal.addresses": `${said},192.0.2.9` })).addresses).toEqual(["192.0.2.9"]);
  });

  it("is empty where nothing was said", () => {
    const nothing = { wireguardKey: new Uint8Array(), dataAddress: "", filtersBridges: false, addresses: [] };
    expect([planeFactsOf(described({})), planeFactsOf(undefined)]).toEqual([nothing, nothing]);
  });
});
