import { onAbort } from "../../lib/bell.ts";
import type { Answer } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import type { Route } from "../route.ts";
import { attaching } from "./attaching.ts";
import { networksIn, withNameServers } from "./create-body.ts";

/** The engine's containers are its own; before it makes and starts them, they get their places on the swarm's networks. */
export const containerRoutes: readonly Route[] = [
  { method: "POST", path: "/containers/create", handler: create },
  { method: "POST", path: "/containers/:id/start", handler: start },
  { method: "POST", path: "/containers/:id/restart", handler: start },
];

async function create(context: RouteContext): Promise<Answer> {
  const networks = context.containerNetworks?.();
  if (!networks) return context.handThrough();
  const body = await context.bytes();
  const wanted = networksIn(body);
  const nameServers = wanted.length === 0 ? [] : await networks.nameServersFor(wanted);
  return nameServers.length === 0 ? context.handThrough() : context.handThrough(withNameServers(body, nameServers));
}

/** Also a restart: what runs keeps its places over it. */
async function start(context: RouteContext): Promise<Answer> {
  const networks = context.containerNetworks?.();
  if (!networks) return context.handThrough();
  const started = await attaching(() => networks.starting(context.params.id ?? "", context.signal));
  onAbort(context.signal, started);
  return context.handThrough();
}
