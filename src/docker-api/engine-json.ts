import type { Engine } from "../ports/engine.ts";
import type { Json } from "./answer.ts";
import type { LocalNetwork } from "./networks/resolve.ts";

/** An object of JSON as it came from the engine. */
export type EngineObject = Readonly<Record<string, Json>>;

export function isObject(value: unknown): value is EngineObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that the engine answers a GET with; undefined when this node has no engine. Faults when it cannot be had. */
export async function engineObject(engine: Engine, path: string): Promise<EngineObject | undefined> {
  if (!(await engine.version()).present) return undefined;
  const value = await engine.getJson(path);
  return isObject(value) ? value : undefined;
}

/** The engine's own networks; none when this node has no engine. */
export async function localNetworks(engine: Engine, filters = ""): Promise<(EngineObject & LocalNetwork)[]> {
  if (!(await engine.version()).present) return [];
  const query = filters === "" ? "" : `?${new URLSearchParams({ filters })}`;
  const value = await engine.getJson(`/networks${query}`);
  return Array.isArray(value) ? value.filter(isNetwork) : [];
}

function isNetwork(value: unknown): value is EngineObject & LocalNetwork {
  return isObject(value) && typeof value.Id === "string" && typeof value.Name === "string";
}
