import { describe, expect, it } from "vitest";
import { isAllowed } from "./access.ts";

const EVERYONE = [
  "GET /info",
  "GET /nodes",
  "GET /services/web",
  "GET /services/web/logs",
  "GET /tasks/t1/logs",
  "GET /secrets",
  "GET /events",
  "GET /shoal/live",
];
const OPERATORS = [
  "POST /services/create",
  "POST /shoal/stacks/plan",
  "POST /services/web/update",
  "DELETE /services/web",
  "POST /nodes/n1/update",
  "DELETE /nodes/n1",
  "POST /secrets/create",
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
  "GET /services/../swarm",
  "GET //swarm",
  "PUT /services/web",
  "POST /networks/net/connect",
];

const may = (role: "reader" | "operator", call: string) => {
  const [method = "", path = ""] = call.split(" ");
  return isAllowed(role, method, path);
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
