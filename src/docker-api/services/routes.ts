import { serviceLogs } from "../logs/route.ts";
import type { Route } from "../route.ts";
import { createService } from "./create.ts";
import { inspectService, listServices } from "./list.ts";
import { removeService, updateService } from "./update.ts";

export const serviceRoutes: readonly Route[] = [
  { method: "GET", path: "/services", handler: listServices },
  { method: "GET", path: "/services/:id", handler: inspectService },
  { method: "POST", path: "/services/create", handler: createService },
  { method: "POST", path: "/services/:id/update", handler: updateService },
  { method: "DELETE", path: "/services/:id", handler: removeService },
  { method: "GET", path: "/services/:id/logs", handler: serviceLogs },
];
