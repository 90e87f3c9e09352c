import type { Node } from "../../../model/objects.ts";
import type { Task } from "../../../model/task.ts";
import { Mount_Type as MountType } from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Filter, nodes } from "../filter.ts";

interface Plugin {
  readonly type: "Volume" | "Network" | "Log";
  readonly name: string;
}

/** Drivers that are part of every engine; the swarm's own overlay needs nothing of it. */
const builtIn: ReadonlySet<string> = new Set(["", "local", "overlay", "host", "bridge", "null", "none"]);

/** The node has the plugins for the task's volumes, networks and logs. */
export const plugins: Filter = {
  ofNode: true,
  prepare(task) {
    const needed = pluginsOf(task).filter(({ name }) => !builtIn.has(name));
    return needed.length === 0 ? undefined : ({ node }) => needed.every(plugin => hasPlugin(node, plugin));
  },
  explain: count => `missing plugin on ${nodes(count)}`,
};

function pluginsOf({ spec, networks, logDriver }: Task): Plugin[] {
  const mounts = spec.runtime.case === "container" ? spec.runtime.value.mounts : [];
  const found: Plugin[] = [];
  for (const mount of mounts) {
    const name = mount.volumeOptions?.driverConfig?.name ?? "";
    if (mount.type === MountType.VOLUME) found.push({ type: "Volume", name });
  }
  for (const { network } of networks)
    found.push({ type: "Network", name: network?.driverState?.name || network?.spec?.driverConfig?.name || "" });
  if (logDriver) found.push({ type: "Log", name: logDriver.name });
  return found;
}

/** Engines before 17.06 do not list log drivers: a node that lists none is believed to have it. */
function hasPlugin(node: Node, { type, name }: Plugin): boolean {
  const ofType = node.description?.engine?.plugins.filter(plugin => plugin.type === type) ?? [];
  if (type === "Log" && ofType.length === 0) return true;
  return ofType.some(plugin => plugin.name === name || plugin.name === `${name}:latest`);
}
