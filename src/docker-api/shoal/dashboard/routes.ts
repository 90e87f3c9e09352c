import { Type } from "typebox";
import { json } from "../../answer.ts";
import type { RouteContext } from "../../context.ts";
import { HttpError } from "../../errors.ts";
import { requireManager } from "../../manager.ts";
import type { Route } from "../../route.ts";
import { optionalBoolean, optionalString } from "../../schema.ts";
import type { DashboardPasses } from "./passes.ts";

const msPerSecond = 1_000;
const defaultSeconds = 8 * 60 * 60;
/** A token cannot be taken back alone: none lives for longer than this. */
const longestSeconds = 30 * 24 * 60 * 60;
const longestName = 64;

const body = Type.Object({
  Name: optionalString,
  ReadOnly: optionalBoolean,
  Seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: longestSeconds })),
});

/** `POST /shoal/dashboard/tokens` {Name, ReadOnly, Seconds}: a token to log in to the swarm's dashboards with. */
export function dashboardRoutes(passes: DashboardPasses): readonly Route[] {
  return [{ method: "POST", path: "/shoal/dashboard/tokens", handler: context => giveToken(context, passes) }];
}

async function giveToken(context: RouteContext, passes: DashboardPasses) {
  requireManager(context.backend.status());
  const { Name: name = "", ReadOnly = false, Seconds = defaultSeconds } = await context.parse(body);
  if (name.length > longestName) throw new HttpError(400, `the name is longer than ${longestName} characters`);
  const pass = {
    name: name || "operator",
    role: ReadOnly ? "reader" : "operator",
    expiresMs: context.clock.now() + Seconds * msPerSecond,
  } as const;
  return json({ Token: passes.give(pass), ExpiresAt: new Date(pass.expiresMs).toISOString() }, 201);
}
