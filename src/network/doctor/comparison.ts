import { asFault } from "../../lib/fault.ts";
import { Gate } from "../../lib/gate.ts";
import type { BridgeNetworks, NetOps } from "../../ports/net-ops.ts";
import type { NetProbes } from "../../ports/net-probes.ts";
import type { DataPlane, PlaneView } from "../data-plane.ts";
import { localNetworks } from "../local-networks.ts";
import { bridgePrefix, forwardChain, vxlanPrefix } from "../names.ts";
import { wholeTable } from "../rules/commands.ts";
import { type WantedPlane, wantedPlane } from "../wanted.ts";
import { error, type Finding } from "./finding.ts";
import { bridgeFindings, countOf, linkFindings, subjects } from "./link-findings.ts";
import { nameFinding, nameQuestions } from "./name-findings.ts";
import { ruleFindings, settingFindings } from "./rule-findings.ts";
import { tunnelFindings } from "./tunnel-findings.ts";

/** Names that are asked for at a time. */
const questionsAtATime = 16;

export interface ComparisonDoors {
  readonly ops: NetOps;
  readonly engine: BridgeNetworks;
  readonly probes: NetProbes;
}

export interface Compared {
  /** How much was compared, right or wrong. */
  readonly parts: {
    readonly networks: number;
    readonly links: number;
    readonly rules: number;
    readonly settings: number;
    readonly names: number;
  };
  readonly findings: readonly Finding[];
}

/** Compares what there is with what there is to be. What cannot be looked at is a finding, too. */
export async function compare(dataPlane: DataPlane, doors: ComparisonDoors): Promise<Compared> {
  const view = (): PlaneView => dataPlane.view;
  const { plane, self, leaving, astray, fault } = view();
  const wanted = wantedPlane(plane, self, leaving, astray);
  const networks = localNetworks(plane, self);
  const questions = nameQuestions(plane, networks);
  const gate = new Gate(questionsAtATime);
  const ask = (server: string, query: Uint8Array): Promise<Uint8Array> => doors.probes.askName(server, query);
  const parts = await Promise.all([
    lookedAt("networks and devices", () => links(view(), wanted, doors)),
    lookedAt("the tunnel", async () => tunnelFindings((await dataPlane.compareTunnel())?.changes ?? [])),
    lookedAt("rules", () => rules(view(), wanted, doors)),
    ...questions.map(question => gate.run(() => nameFinding(question, ask, () => view().plane, leaving))),
  ]);
  const failed = fault
    ? [error("this node", `the last try to bring its networks in line failed: ${fault.message}`)]
    : [];
  return {
    parts: {
      networks: networks.length,
      links: countOf(wanted.links),
      rules: wanted.rules.chains.size + wanted.rules.sets.size,
      settings: wanted.kernel.size,
      names: questions.length,
    },
    findings: [
      ...failed,
      ...new Map(parts.flat().map(finding => [`${finding.subject} ${finding.problem}`, finding])).values(),
    ],
  };
}

async function links(
  { plane, self }: PlaneView,
  wanted: WantedPlane,
  { ops, engine }: ComparisonDoors,
): Promise<Finding[]> {
  const actual = await ops.observe([bridgePrefix(self.nodeId), vxlanPrefix(self.nodeId)]);
  const subjectOf = subjects(localNetworks(plane, self));
  const hasDevice = (name: string): boolean => actual.bridges.has(name);
  const missing = bridgeFindings(await engine.list(), wanted.bridges, hasDevice, subjectOf);
  return [...missing, ...linkFindings(actual, wanted.links, subjectOf)];
}

async function rules({ plane, self }: PlaneView, wanted: WantedPlane, { probes }: ComparisonDoors): Promise<Finding[]> {
  const { rules: ruleset, kernel } = wanted;
  const differences = await probes.differingRules(ruleset.table, wholeTable(ruleset));
  const passes = await probes.passesForwarding(forwardChain(self.nodeId), bridgePrefix(self.nodeId));
  const problem = "does not let pass what belongs to the swarm's networks";
  return [
    ...ruleFindings(ruleset.table, differences, plane),
    ...(passes ? [] : [error("the engine's firewall (iptables)", problem)]),
    ...settingFindings(await probes.kernel([...kernel.keys()]), kernel),
  ];
}

async function lookedAt(what: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (fault) {
    return [error(what, `cannot be looked at: ${asFault(fault).message}`, "see the daemon's log")];
  }
}
