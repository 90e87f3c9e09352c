import { beforeEach, expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import { GoneFlows } from "./gone-flows.ts";

/** What was cut, a call a line, and how the calls end that are under way. */
let cut: string[];
let ends: { resolve: () => void; reject: (error: Error) => void }[];
let warnings: unknown[];
let flows: GoneFlows;

beforeEach(() => {
  cut = [];
  ends = [];
  warnings = [];
  const forgetUdp = (addresses: readonly string[]): Promise<void> => {
    cut.push(addresses.join(" "));
    return new Promise((resolve, reject) => ends.push({ resolve, reject }));
  };
  flows = new GoneFlows({ forgetUdp }, { ...silentLogger, warn: (_, fields) => warnings.push(fields?.reason) });
});

const end = async (error?: string): Promise<void> => {
  const [call] = ends.splice(0, 1);
  if (error === undefined) call?.resolve();
  else call?.reject(new Error(error));
  await new Promise(resolve => setImmediate(resolve));
};

it("cuts what leads to addresses that are no targets any more", async () => {
  flows.replace(new Set(["10.0.1.1", "10.0.1.2"]));
  await flows.settled();
  expect(cut).toEqual([]);
  flows.replace(new Set(["10.0.1.2", "10.0.1.3"]));
  expect(cut).toEqual(["10.0.1.1"]);
});

it("holds nobody up: what goes meanwhile is cut next, at once", async () => {
  flows.replace(new Set(["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4"]));
  flows.replace(new Set(["10.0.1.2", "10.0.1.3", "10.0.1.4"]));
  flows.replace(new Set(["10.0.1.3", "10.0.1.4"]));
  flows.replace(new Set(["10.0.1.4"]));
  expect(cut).toEqual(["10.0.1.1"]);
  const settled = flows.settled();
  await end();
  expect(cut).toEqual(["10.0.1.1", "10.0.1.2 10.0.1.3"]);
  await end();
  await settled;
  expect(ends).toEqual([]);
});

it("says once that it cannot, and tries the next ones", async () => {
  flows.replace(new Set(["10.0.1.1", "10.0.1.2"]));
  for (const left of ["10.0.1.2", ""]) {
    flows.replace(new Set([left]));
    await end("conntrack is not installed");
  }
  expect(cut).toEqual(["10.0.1.1", "10.0.1.2"]);
  expect(warnings).toEqual(["conntrack is not installed"]);
});
