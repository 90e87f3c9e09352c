import type { ListServiceStatusesResponse_ServiceStatus as TaskCounts } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { type Answer, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { modeWord } from "../convert/mode.ts";
import { fromService } from "../convert/service.ts";
import { parseFilters } from "../filters.ts";
import { findService } from "../lookup.ts";
import { strictFlag } from "../query.ts";
import { isAtLeast } from "../versions.ts";

const acceptedFilters = ["name", "id", "label", "mode", "runtime"];

/** GET /services: names match by prefix; `status=true` adds how many tasks run. */
export async function listServices(context: RouteContext): Promise<Answer> {
  const withCounts = isAtLeast(context.version, "1.41") && strictFlag(context.query, "status");
  const filters = parseFilters(context.query, acceptedFilters);
  const control = context.control();
  const runtimes = filters.get("runtime");
  const { services } = await control.listServices({
    filters: {
      namePrefixes: [...filters.get("name")],
      idPrefixes: [...filters.get("id")],
      labels: filters.pairs("label"),
      runtimes: runtimes.length > 0 ? [...runtimes] : ["container"],
    },
  });
  const wanted = services.filter(({ spec }) => spec && filters.allows("mode", modeWord(spec.mode)));
  const counts = new Map<string, TaskCounts>();
  if (withCounts && wanted.length > 0) {
    const { statuses } = await control.listServiceStatuses({ services: wanted.map(service => service.id) });
    for (const status of statuses) counts.set(status.serviceId, status);
  }
  return json(wanted.map(service => fromService(service, counts.get(service.id))));
}

/** GET /services/{id}: `insertDefaults=true` fills in what the spec leaves to the swarm. */
export async function inspectService(context: RouteContext): Promise<Answer> {
  const insertDefaults = strictFlag(context.query, "insertDefaults");
  return json(fromService(await findService(context.control(), context.params.id ?? "", insertDefaults)));
}
