import { HttpError } from "../../../docker-api/errors.ts";
import { parseFilters } from "../../../docker-api/filters.ts";
import { flag } from "../../../docker-api/query.ts";
import { Fault } from "../../../lib/fault.ts";
import type { EmbeddedTask } from "../embedded-task.ts";
import type { EmbeddedRuntime } from "../runtime.ts";
import type { Container } from "./container-json.ts";

const filterKeys = ["id", "label", "name", "status"];

/** The containers a request to `/containers/json` asks for, newest first; only running ones without `all`. */
export function selectContainers(containers: readonly Container[], query: URLSearchParams): Container[] {
  const filters = parseFilters(query, filterKeys);
  const limit = Number(query.get("limit") ?? 0);
  if (!Number.isInteger(limit)) throw new HttpError(400, `invalid value for limit: ${query.get("limit")}`);
  const all = flag(query, "all") || filters.has("status") || limit > 0;
  const names = filters.get("name").map(pattern);
  const selected = containers
    .filter(({ instance }) => all || instance.state === "running")
    .filter(({ instance }) => filters.allows("status", instance.state))
    .filter(({ plan }) => filters.matchesLabels("label", plan.labels))
    .filter(({ plan }) => !filters.has("id") || filters.get("id").some(id => plan.containerId.startsWith(id)))
    .filter(({ plan }) => names.length === 0 || names.some(name => name.test(plan.name) || name.test(`/${plan.name}`)))
    .sort((a, b) => b.plan.createdMs - a.plan.createdMs);
  return limit > 0 ? selected.slice(0, limit) : selected;
}

/** Docker takes names in filters for regular expressions, found anywhere in the name. */
function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new HttpError(400, `invalid filter 'name=${text}'`);
  }
}

export function containerOf(task: EmbeddedTask): Container {
  return { plan: task.plan, instance: task.instance, ...task.times };
}

/** The task behind a container's id, unambiguous beginning of one, or name. Faults not_found, with Docker's text. */
export function findTask(runtime: EmbeddedRuntime | undefined, reference: string): EmbeddedTask {
  const tasks = runtime?.tasks() ?? [];
  const exact = tasks.find(({ plan }) => plan.containerId === reference || plan.name === reference.replace(/^\//, ""));
  if (exact) return exact;
  const [match, second] = tasks.filter(({ plan }) => plan.containerId.startsWith(reference));
  if (!match) throw new Fault("not_found", `No such container: ${reference}`);
  if (second) throw new HttpError(400, `multiple IDs found with provided prefix: ${reference}`);
  return match;
}
