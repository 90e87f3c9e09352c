import { type Answer, empty, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { fromSecret, secretSpecBody, toSecretSpec } from "../convert/secret.ts";
import { HttpError } from "../errors.ts";
import { parseFilters } from "../filters.ts";
import { findSecret } from "../lookup.ts";
import { versionQuery } from "../query.ts";
import type { Route } from "../route.ts";
import { isAtLeast } from "../versions.ts";

const acceptedFilters = ["names", "name", "id", "label"];

/** GET /secrets: `name` matches by prefix. */
async function list(context: RouteContext): Promise<Answer> {
  const filters = parseFilters(context.query, acceptedFilters);
  const { secrets } = await context.control().listSecrets({
    filters: {
      names: [...filters.get("names")],
      namePrefixes: [...filters.get("name")],
      idPrefixes: [...filters.get("id")],
      labels: filters.pairs("label"),
    },
  });
  return json(secrets.map(fromSecret));
}

async function create(context: RouteContext): Promise<Answer> {
  const body = await context.parse(secretSpecBody);
  if (body.Templating && !isAtLeast(context.version, "1.37")) {
    const text = "secret templating is not supported on the specified API version";
    throw new HttpError(400, `${text}: ${context.version.text}`);
  }
  const { secret } = await context.control().createSecret({ spec: toSecretSpec(body) });
  return json({ ID: secret?.id ?? "" }, 201);
}

async function inspect(context: RouteContext): Promise<Answer> {
  return json(fromSecret(await findSecret(context.control(), context.params.id ?? "")));
}

/** POST /secrets/{id}/update: the cluster's API takes other labels, and the same data again, but nothing else. */
async function update(context: RouteContext): Promise<Answer> {
  const spec = toSecretSpec(await context.parse(secretSpecBody));
  const index = versionQuery(context.query, "secret");
  const control = context.control();
  const { id } = await findSecret(control, context.params.id ?? "");
  await control.updateSecret({ secretId: id, secretVersion: { index }, spec });
  return empty();
}

async function remove(context: RouteContext): Promise<Answer> {
  const control = context.control();
  const { id } = await findSecret(control, context.params.id ?? "");
  await control.removeSecret({ secretId: id });
  return empty(204);
}

export const secretRoutes: readonly Route[] = [
  { method: "GET", path: "/secrets", handler: list },
  { method: "POST", path: "/secrets/create", handler: create },
  { method: "GET", path: "/secrets/:id", handler: inspect },
  { method: "POST", path: "/secrets/:id/update", handler: update },
  { method: "DELETE", path: "/secrets/:id", handler: remove },
];
