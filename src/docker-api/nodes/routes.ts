import { Fault } from "../../lib/fault.ts";
import { NodeSpec_Membership } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type Answer, empty, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { Words } from "../convert/words.ts";
import { type Filters, parseFilters } from "../filters.ts";
import { findNode } from "../lookup.ts";
import { flag, versionQuery } from "../query.ts";
import type { Route } from "../route.ts";
import { fromNode, nodeSpecBody, roles, toNodeSpec } from "./node.ts";

export const nodeRoutes: readonly Route[] = [
  { method: "GET", path: "/nodes", handler: list },
  { method: "GET", path: "/nodes/:id", handler: inspect },
  { method: "POST", path: "/nodes/:id/update", handler: update },
  { method: "DELETE", path: "/nodes/:id", handler: remove },
];

const listFilters = ["id", "label", "node.label", "name", "role", "membership"];

const memberships = new Words<NodeSpec_Membership>({
  pending: NodeSpec_Membership.PENDING,
  accepted: NodeSpec_Membership.ACCEPTED,
});

async function list(context: RouteContext): Promise<Answer> {
  const filters = parseFilters(context.query, listFilters);
  const control = context.control();
  const { nodes } = await control.listNodes({
    filters: {
      namePrefixes: [...filters.get("name")],
      idPrefixes: [...filters.get("id")],
      labels: filters.pairs("label"),
      nodeLabels: filters.pairs("node.label"),
      roles: values(filters, "role", roles),
      memberships: values(filters, "membership", memberships),
    },
  });
  return json(nodes.map(fromNode));
}

/** 500 for a word that is none of the filter's, as dockerd answers. */
function values<E extends number>(filters: Filters, key: string, words: Words<E>): E[] {
  return filters.get(key).map(word => {
    const value = words.find(word.toLowerCase());
    if (value === undefined) throw new Fault("unknown", `Invalid ${key} filter: '${word}'`);
    return value;
  });
}

async function inspect(context: RouteContext): Promise<Answer> {
  return json(fromNode(await findNode(context.control(), context.params.id ?? "")));
}

async function update(context: RouteContext): Promise<Answer> {
  const body = await context.parse(nodeSpecBody);
  const index = versionQuery(context.query, "node");
  const control = context.control();
  const spec = toNodeSpec(body);
  const node = await findNode(control, context.params.id ?? "");
  const membership = node.spec?.membership ?? NodeSpec_Membership.ACCEPTED;
  await control.updateNode({ nodeId: node.id, nodeVersion: { index }, spec: { ...spec, membership } });
  return empty();
}

async function remove(context: RouteContext): Promise<Answer> {
  const control = context.control();
  const node = await findNode(control, context.params.id ?? "");
  await control.removeNode({ nodeId: node.id, force: flag(context.query, "force") });
  return empty();
}
