import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { NodeDescriptionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { planeFactsOf, withPlaneFacts } from "./node-plane.ts";

const bare = create(NodeDescriptionSchema, { hostname: "n", engine: { labels: { a: "b" } } });

describe("what a node says of its data plane", () => {
  it("is read as it was written", () => {
    const facts = { wireguardKey: new Uint8Array(32).fill(7), dataAddress: "192.0.2.1" };
    const description = withPlaneFacts(bare, facts);
    expect(planeFactsOf(description)).toEqual(facts);
    expect(description.engine?.labels.a).toBe("b");
  });

  it("is empty where nothing was said", () => {
    expect(planeFactsOf(withPlaneFacts(bare, {}))).toEqual({ wireguardKey: new Uint8Array(), dataAddress: "" });
    expect(planeFactsOf(undefined)).toEqual({ wireguardKey: new Uint8Array(), dataAddress: "" });
  });
});
