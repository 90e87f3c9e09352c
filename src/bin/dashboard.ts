import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { type Dashboard, serveDashboard } from "../dashboard/server/server.ts";
import type { DockerApi } from "../docker-api/server.ts";
import type { DaemonConfig } from "./config.ts";

/** Serves the dashboard where the settings say so: from the API of this very daemon, with the API's certificate. */
export async function openDashboard(config: DaemonConfig, api: DockerApi): Promise<Dashboard | undefined> {
  const { dashboardAddr: address, tls } = config;
  if (address === undefined) return undefined;
  return serveDashboard({
    address,
    tls: tls && { certificate: readFileSync(tls.cert, "utf8"), key: readFileSync(tls.key, "utf8") },
    names: [config.hostname, hostname()],
    assets: fileURLToPath(new URL("../dashboard/web", import.meta.url)),
    api: {
      obstacle: () => api.obstacle(),
      check: token => api.passes.check(token),
      answer: (request, response, { name }) =>
        api.answer(request, response, { via: "dashboard", address: request.socket.remoteAddress ?? "", name }),
    },
  });
}
