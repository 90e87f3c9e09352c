import { asFault } from "../../lib/fault.ts";
import { parseDuration } from "../../lib/quantity.ts";
import { isIngress, networkIdLabel } from "../../model/network.ts";
import { fromTimestamp } from "../../model/time.ts";
import { type Answer, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { isObject, localNetworks } from "../engine-json.ts";
import { HttpError } from "../errors.ts";
import { parseFilters } from "../filters.ts";
import { isPredefined, nameOf } from "./network.ts";

/** What may be removed, and how. */
interface Candidate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  remove(): Promise<unknown>;
}

/**
 * Removes the networks that nobody uses: on a manager the swarm's, then the engine's. dockerd: the routing mesh goes by its
 * name alone, and of what is in use nothing is said.
 */
export async function prune(context: RouteContext): Promise<Answer> {
  const filters = parseFilters(context.query, ["label", "label!", "until"]);
  const beforeMs = untilOf(filters.get("until"), context.clock.now());
  const removed: string[] = [];
  for (const { name, labels, createdMs, remove } of [...(await ofSwarm(context)), ...(await ofEngine(context))]) {
    const isExcluded = filters.has("label!") && filters.matchesLabels("label!", labels);
    if (isExcluded || !filters.matchesLabels("label", labels) || createdMs > beforeMs) continue;
    try {
      await remove();
      removed.push(name);
    } catch (error) {
      context.log.debug("a network is not pruned", { network: name, reason: asFault(error).message });
    }
  }
  return json({ NetworksDeleted: removed.length > 0 ? removed : null });
}

async function ofSwarm(context: RouteContext): Promise<Candidate[]> {
  if (!context.backend.status().controlAvailable) return [];
  const control = context.control();
  const { networks } = await control.listNetworks({});
  const removable = networks.filter(network => !isPredefined(network) && !isIngress(network));
  return removable.map(network => ({
    name: nameOf(network),
    labels: network.spec?.annotations?.labels ?? {},
    createdMs: fromTimestamp(network.meta?.createdAt) ?? 0,
    remove: () => control.removeNetwork({ networkId: network.id }),
  }));
}

/** Without those that stand for networks of the swarm's on this node: nobody runs on some of them, and all the same they are needed. */
async function ofEngine({ engine }: RouteContext): Promise<Candidate[]> {
  const unused = await localNetworks(engine, JSON.stringify({ dangling: ["true"], type: ["custom"] }));
  return unused.flatMap(({ Id, Name, Labels, Created }) => {
    const labels = isObject(Labels) ? (Labels as Record<string, string>) : {};
    if (Object.hasOwn(labels, networkIdLabel)) return [];
    const createdMs = Date.parse(typeof Created === "string" ? Created : "") || 0;
    return [{ name: Name, labels, createdMs, remove: () => engine.remove(`/networks/${encodeURIComponent(Id)}`) }];
  });
}

/** What is younger stays. dockerd takes a duration before now, a date, or seconds since 1970. */
function untilOf(values: readonly string[], now: number): number {
  const [text, ...more] = values;
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (more.length > 0) throw new HttpError(400, "more than one until filter specified");
  const nanoseconds = parseDuration(text);
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
  const until = nanoseconds !== undefined && Number(text) !== 0 ? now - nanoseconds / 1e6 : ms;
  if (Number.isNaN(until))
    throw new HttpError(400, `failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return until;
}
