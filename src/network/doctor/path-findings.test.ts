import { expect, it } from "vitest";
import { pathFindings } from "./path-findings.ts";
import { type Path, type ProbedPath, probe } from "./path-probe.ts";

const path = (network: string, reached: number, mtu = network === "" ? 1_500 : 1_450): ProbedPath => ({
  ...{ nodeId: "n2", node: "host2", network, from: "192.0.2.1", to: network === "" ? "192.0.2.2" : "10.0.0.3" },
  ...{ mtu, reached },
});

it.each<[string, ProbedPath[], string[]]>([
  ["all is well", [path("", 1_500), path("ingress", 1_450)], []],
  ["no answer by the underlay, where all else works: a firewall's choice", [path("", 0), path("ingress", 1_450)], []],
  ["no network in common", [path("", 0)], []],
  [
    "nothing gets there",
    [path("", 0), path("ingress", 0)],
    ["error: nothing gets to 192.0.2.2, on none of the networks"],
  ],
  [
    "VXLAN is held up",
    [path("", 1_500), path("ingress", 0), path("back", 0)],
    ["error: the machine answers, but not through the networks ingress, back"],
  ],
  [
    "one network is not well",
    [path("", 1_500), path("ingress", 1_450), path("back", 0)],
    ["error: the machine answers, but not through the network back"],
  ],
  [
    "big packets are lost inside",
    [path("", 1_400), path("ingress", 1_348)],
    ["error: on network ingress no packet larger than 1348 bytes gets through, though its MTU is 1450"],
  ],
  [
    "big packets are cut up outside",
    [path("", 1_400), path("ingress", 1_450)],
    ["warning: packets of more than 1400 bytes to 192.0.2.2 are cut up on the way, though this machine's MTU is 1500"],
  ],
])("says of a way to another node: %s", (_, paths, expected) => {
  const findings = pathFindings(paths, 4789);
  expect(findings.map(({ severity, problem }) => `${severity}: ${problem}`)).toEqual(expected);
  expect(findings.every(({ subject, next }) => subject === "path to host2" && next !== "")).toBe(true);
});

it.each([
  [1_500, 1_500, 1],
  [1_400, 1_398, undefined],
  [0, 0, 2],
])("finds out how large a packet may be: %d", async (room, reached, tries) => {
  let tried = 0;
  const reach = async (_from: string, _to: string, bytes: number) => {
    tried += 1;
    return bytes <= room ? ({ kind: "answered" } as const) : ({ kind: "no answer" } as const);
  };
  const found = await probe(path("", 0) as Path, { reach });
  expect(found.reached).toBeLessThanOrEqual(room);
  expect(found.reached).toBeGreaterThan(reached - 8);
  expect(tried).toBe(tries ?? tried);
  expect(tried).toBeLessThan(12);
});
