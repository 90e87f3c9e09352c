import { expect, it } from "vitest";
import { OwnAddresses } from "./own-addresses.ts";

it("gives each key an address of its own, out of 127.64.0.0/10, and the same again", () => {
  const addresses = new OwnAddresses("n1");
  const keys = Array.from({ length: 20_000 }, (_, at) => `task ${at}`);
  const given = keys.map(key => addresses.of(key));
  expect(new Set(given).size).toBe(keys.length);
  expect(given.filter(address => !/^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.([1-9]\d*)$/.test(address))).toEqual(
    [],
  );
  expect(keys.map(key => addresses.of(key))).toEqual(given);
});

it("gives another daemon's the same key another address, and the same daemon's the same after a restart", () => {
  const [first, again, other] = ["n1", "n1", "n2"].map(nodeId => new OwnAddresses(nodeId).of("service web"));
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

it("takes back what is not needed, and gives nobody what is taken", () => {
  const addresses = new OwnAddresses("n1");
  const wished = addresses.of("a");
  addresses.keepOnly(() => false);
  expect(addresses.has(wished)).toBe(false);
  addresses.take("b", wished);
  expect(addresses.of("a")).not.toBe(wished);
  expect(addresses.of("b")).toBe(wished);
});
