import { json } from "../answer.ts";
import { engineObject } from "../engine-json.ts";
import type { Route } from "../route.ts";
import { newestVersion, oldestVersion } from "../versions.ts";
import type { Machine } from "./machine.ts";

/** `/version`: the engine's with ours as a component; the API versions are those that clients may speak here. */
export function versionRoutes(machine: Machine): readonly Route[] {
  return [{ method: "GET", path: "/version", handler: async context => json(await version(context.engine, machine)) }];
}

async function version(engine: Parameters<typeof engineObject>[0], machine: Machine) {
  const ours = {
    Name: "Shoal",
    Version: machine.version,
    Details: { ApiVersion: newestVersion.text, MinAPIVersion: oldestVersion.text, Runtime: machine.runtimeKind },
  };
  const apiVersions = { ApiVersion: newestVersion.text, MinAPIVersion: oldestVersion.text };
  // Clients ask this first to learn what they may speak: an engine that is down must not keep them out.
  const base = await engineObject(engine, "/version").catch(() => undefined);
  if (!base) return { ...alone(machine), ...apiVersions, Components: [ours] };
  const components = Array.isArray(base.Components) ? base.Components : [];
  return { ...base, ...apiVersions, Components: [...components, ours] };
}

/** What a node without engine says. */
function alone(machine: Machine) {
  return {
    Platform: { Name: "Shoal" },
    Version: machine.version,
    GitCommit: "",
    GoVersion: "",
    Os: "linux",
    Arch: machine.architecture,
    KernelVersion: machine.kernelVersion,
    BuildTime: "",
  };
}
