import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { IPAMConfigSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { SubnetPool } from "./subnet-pool.ts";

function pool(subnet: string, { range = "", gateway = "" } = {}): SubnetPool {
  const made = SubnetPool.of(create(IPAMConfigSchema, { subnet, range, gateway }));
  if (!made) throw new Error(`no subnet: ${subnet}`);
  return made;
}

/** Takes addresses until there are none, or so many. */
function takeAll(from: SubnetPool, limit = 1_000): string[] {
  const taken: string[] = [];
  for (let number = from.findFree(); number !== undefined && taken.length < limit; number = from.findFree()) {
    from.hold(number);
    from.lastGiven = number;
    taken.push(from.textOf(number));
  }
  return taken;
}

describe("a subnet's addresses", () => {
  it.each([
    ["10.0.1.0/29", {}, ["10.0.1.1/29", "10.0.1.2/29", "10.0.1.3/29", "10.0.1.4/29", "10.0.1.5/29", "10.0.1.6/29"]],
    ["10.0.1.0/30", { gateway: "10.0.1.1" }, ["10.0.1.2/30"]],
    ["10.0.1.0/24", { range: "10.0.1.128/30" }, ["10.0.1.128/24", "10.0.1.129/24", "10.0.1.130/24", "10.0.1.131/24"]],
    ["10.0.1.0/24", { range: "10.0.1.252/30" }, ["10.0.1.252/24", "10.0.1.253/24", "10.0.1.254/24"]],
    ["10.0.1.0/24", { range: "10.0.1.0/30", gateway: "10.0.1.2" }, ["10.0.1.1/24", "10.0.1.3/24"]],
    ["fd00:1::/126", { gateway: "fd00:1::1" }, ["fd00:1::2/126", "fd00:1::3/126"]],
    ["10.0.1.0/32", {}, []],
  ])("of %s %j are all that may be given", (subnet, part, addresses) => {
    const made = pool(subnet, part);
    expect(made.capacity).toBe(addresses.length);
    expect(takeAll(made)).toEqual(addresses);
    expect(made.free).toBe(0);
  });

  it("are not given again at once", () => {
    const made = pool("10.0.1.0/29", { gateway: "10.0.1.1" });
    const [first] = takeAll(made, 3);
    expect(made.release(made.numberOf(first!)!)).toBe(true);
    expect(takeAll(made)).toEqual(["10.0.1.5/29", "10.0.1.6/29", first]);
  });

  it("are free only when all who hold one have let go", () => {
    const made = pool("10.0.1.0/29");
    made.hold(2);
    made.hold(2);
    expect(made.release(2)).toBe(false);
    expect(made.isFree(2)).toBe(false);
    expect(made.release(2)).toBe(true);
    expect(made.release(2)).toBe(false);
    expect(made.inUse).toBe(0);
  });

  it("of a large one are there beyond what can be counted", () => {
    const made = pool("fd00::/64", { gateway: "fd00::1" });
    expect(takeAll(made, 2)).toEqual(["fd00::2/64", "fd00::3/64"]);
    expect(made.numberOf("fd00::5/64")).toBe(5);
    expect(made.numberOf("fd01::5")).toBeUndefined();
    expect(made.numberOf("10.0.0.1")).toBeUndefined();
    expect(pool("10.0.0.0/8").capacity).toBe(2 ** 24 - 2);
  });
});
