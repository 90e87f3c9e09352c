import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { NodeDescriptionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { addressLabel, nodeAddress } from "./node-address.ts";

const described = (address: string) =>
  create(NodeDescriptionSchema, { engine: { labels: { [addressLabel]: address } } });

it.each([
  ["10.0.0.2", described("10.9.9.9"), "10.0.0.2"],
  ["10.0.0.2", described("127.0.0.5"), "10.0.0.2"],
  ["127.0.0.1", described("127.0.0.5"), "127.0.0.5"],
  ["127.0.0.1", described("10.9.9.9"), "127.0.0.1"],
  ["127.0.0.1", undefined, "127.0.0.1"],
])("a node that calls from %s", (from, description, address) => expect(nodeAddress(from, description)).toBe(address));
