import { Type } from "typebox";
import {
  type NetworkFinding,
  type NodeExamination,
  NodeExamination_Outcome as Outcome,
  NetworkFinding_Severity as Severity,
} from "../../wire/gen/shoal/v1/doctor_pb.ts";
import { type Answer, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import type { JsonObject } from "../convert/omit.ts";
import { findNode } from "../lookup.ts";
import type { Route } from "../route.ts";
import { optionalBoolean, optionalString } from "../schema.ts";

/** Shoal's own: what is wrong with the swarm's networks, on every node. It may take a minute. */
export const netDoctorRoutes: readonly Route[] = [{ method: "POST", path: "/shoal/net/doctor", handler: examine }];

const body = Type.Object({
  /** Id or name of the one node to look at; all without it. */
  Node: optionalString,
  /** Whether to put right what is wrong. */
  Repair: optionalBoolean,
});

async function examine(context: RouteContext): Promise<Answer> {
  const { Node = "", Repair = false } = await context.parse(body);
  const control = context.control();
  const nodes = Node === "" ? (await control.listNodes({})).nodes : [await findNode(control, Node)];
  const names = new Map(nodes.map(({ id, description }) => [id, description?.hostname ?? ""]));
  const nodeIds = Node === "" ? [] : [...names.keys()];
  const found: NodeExamination[] = [];
  const answers = context.backend.doctor().examine({ nodeIds, repair: Repair }, { signal: context.signal });
  for await (const answer of answers) found.push(answer);
  const named = found.map(examination => fromExamination(examination, names.get(examination.nodeId) ?? ""));
  return json({ Nodes: named.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) });
}

const outcomes = {
  [Outcome.EXAMINED]: "examined",
  [Outcome.NO_DATA_PLANE]: "no-data-plane",
  [Outcome.NOT_REACHED]: "not-reached",
} as const;

function fromExamination(examination: NodeExamination, hostname: string): JsonObject {
  const { nodeId, outcome, reason, findings, parts, paths } = examination;
  const { networks = 0, links = 0, rules = 0, settings = 0, names = 0, paths: tried = 0 } = parts ?? {};
  return {
    ID: nodeId,
    Hostname: hostname,
    Outcome: outcomes[outcome],
    Reason: reason,
    Findings: findings.map(fromFinding),
    Compared: { Networks: networks, Links: links, Rules: rules, Settings: settings, Names: names, Paths: tried },
    Paths: paths.map(({ nodeId: to, network, address, mtu }) => ({
      NodeID: to,
      Network: network,
      Address: address,
      MTU: mtu,
    })),
  };
}

function fromFinding({ severity, subject, problem, next, repaired }: NetworkFinding): JsonObject {
  const word = severity === Severity.ERROR ? "error" : "warning";
  return { Severity: word, Subject: subject, Problem: problem, Next: next, Repaired: repaired };
}

function keyOf({ Hostname, ID }: JsonObject): string {
  return `${Hostname} ${ID}`;
}
