import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { NodeDescriptionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { planeFactsOf, withPlaneFacts } from "./node-plane.ts";

const described = (labels: Record<string, string>) => create(NodeDescriptionSchema, { engine: { labels } });

describe("what a node says of its data plane", () => {
  it("stands in its engine's labels", () => {
    const wireguardKey = new Uint8Array(32).fill(7);
    const key = Buffer.from(wireguardKey).toString("base64");
    const description = withPlaneFacts(described({ "shoal.data-address": "192.0.2.1", other: "kept" }), key, true);
    expect(planeFactsOf(description)).toEqual({ wireguardKey, dataAddress: "192.0.2.1", filtersBridges: true });
    expect(description.engine?.labels.other).toBe("kept");
  });

  it("is empty where nothing was said", () => {
    const nothing = { wireguardKey: new Uint8Array(), dataAddress: "", filtersBridges: false };
    expect([planeFactsOf(described({})), planeFactsOf(undefined)]).toEqual([nothing, nothing]);
  });
});
