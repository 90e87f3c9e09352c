import { type Answer, empty, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { configSpecBody, fromConfig, toConfigSpec } from "../convert/config.ts";
import { HttpError } from "../errors.ts";
import { parseFilters } from "../filters.ts";
import { findConfig } from "../lookup.ts";
import { versionQuery } from "../query.ts";
import type { Route } from "../route.ts";
import { isAtLeast } from "../versions.ts";

const acceptedFilters = ["name", "id", "label"];

/** GET /configs: `name` matches by prefix. */
async function list(context: RouteContext): Promise<Answer> {
  const filters = parseFilters(context.query, acceptedFilters);
  const { configs } = await context.control().listConfigs({
    filters: {
      namePrefixes: [...filters.get("name")],
      idPrefixes: [...filters.get("id")],
      labels: filters.pairs("label"),
    },
  });
  return json(configs.map(fromConfig));
}

async function create(context: RouteContext): Promise<Answer> {
  const body = await context.parse(configSpecBody);
  if (body.Templating && !isAtLeast(context.version, "1.37")) {
    const text = "config templating is not supported on the specified API version";
    throw new HttpError(400, `${text}: ${context.version.text}`);
  }
  const { config } = await context.control().createConfig({ spec: toConfigSpec(body) });
  return json({ ID: config?.id ?? "" }, 201);
}

async function inspect(context: RouteContext): Promise<Answer> {
  return json(fromConfig(await findConfig(context.control(), context.params.id ?? "")));
}

/** POST /configs/{id}/update: the cluster's API takes other labels, and the same data again, but nothing else. */
async function update(context: RouteContext): Promise<Answer> {
  const spec = toConfigSpec(await context.parse(configSpecBody));
  const index = versionQuery(context.query, "config");
  const control = context.control();
  const { id } = await findConfig(control, context.params.id ?? "");
  await control.updateConfig({ configId: id, configVersion: { index }, spec });
  return empty();
}

async function remove(context: RouteContext): Promise<Answer> {
  const control = context.control();
  const { id } = await findConfig(control, context.params.id ?? "");
  await control.removeConfig({ configId: id });
  return empty(204);
}

export const configRoutes: readonly Route[] = [
  { method: "GET", path: "/configs", handler: list },
  { method: "POST", path: "/configs/create", handler: create },
  { method: "GET", path: "/configs/:id", handler: inspect },
  { method: "POST", path: "/configs/:id/update", handler: update },
  { method: "DELETE", path: "/configs/:id", handler: remove },
];
