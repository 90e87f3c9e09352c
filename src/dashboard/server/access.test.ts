import { describe, expect, it } from "vitest";
import { isAllowed } from "./access.ts";

const events = (filters: object) => `GET /events?filters=${encodeURIComponent(JSON.stringify(filters))}`;
const EVERYONE = [
  "GET /nodes/n1",
  "GET /services/web",
  "GET /services/web/logs?follow=true",
  events({ scope: ["swarm"], type: ["node"] }),
  "GET /shoal/live",
  "GET /shoal/usage?service=web",
];
const OPERATORS = [
  "POST /services/create",
  "POST /shoal/stacks/plan",
  "POST /services/web/update?version=7",
  "DELETE /services/web",
  "POST /nodes/n1/update",
  "DELETE /nodes/n1",
  "POST /secrets/create",
  "POST /configs/c.1-x_2/update",
  "DELETE /networks/net",
];
const NOBODY = [
  "GET /swarm",
  "GET /swarm/unlockkey",
  "POST /swarm/leave",
  "POST /shoal/backup",
  "POST /shoal/dashboard/tokens",
  "GET /containers/json",
  "POST /containers/create",
  "POST /exec/x/start",
  "GET /images/json",
  "GET /configs/motd",
  "GET /secrets/key",
  "GET /info",
  "GET /services/../swarm",
  "GET /services/..",
  "GET /services/%2e%2e%2fswarm",
  "GET /services/web%2flogs",
  "GET /services/a b",
  "GET //swarm",
  "GET /v1.41/services/web",
  "GET /events",
  "GET /events?filters=nonsense",
  events({ scope: ["swarm", "local"] }),
  events({ scope: { swarm: true } }),
  events({}),
  "PUT /services/web",
  "HEAD /services/web",
  "OPTIONS /services/web",
  "POST /networks/net/connect",
];

const may = (role: "reader" | "operator", call: string) => {
  const [method = "", target = ""] = call.split(/ (.*)/);
  const [path = "", query] = target.split("?");
  return isAllowed(role, { method, path, query: new URLSearchParams(query) });
};

describe("the API behind the dashboard", () => {
  it.each(EVERYONE)("lets everyone %s", call =>
    expect([may("reader", call), may("operator", call)]).toEqual([true, true]),
  );
  it.each(OPERATORS)("lets operators alone %s", call =>
    expect([may("reader", call), may("operator", call)]).toEqual([false, true]),
  );
  it.each(NOBODY)("lets nobody %s", call =>
    expect([may("reader", call), may("operator", call)]).toEqual([false, false]),
  );
});
