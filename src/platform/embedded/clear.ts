import { readdir } from "node:fs/promises";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { embeddedRuntime } from "./runtime.ts";

/**
 * Kills and removes every task in a runtime's directory, of whatever node id: for who throws a node away while its
 * daemon, which would leave them running, is not there. Returns how many there were.
 */
export async function clearTasks(
  directory: string,
  doors: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
): Promise<number> {
  let count = 0;
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const { name } of entries.filter(entry => entry.isDirectory())) {
    const nothing = {
      hostname: "",
      version: "",
      labels: {},
      genericResources: [],
      advertiseAddress: () => "127.0.0.1",
    };
    const runtime = await embeddedRuntime({ ...doors, ...nothing, directory, nodeId: name });
    const instances = await runtime.list();
    await Promise.all(instances.map(({ taskId }) => runtime.remove(taskId)));
    count += instances.length;
    await runtime.close();
  }
  return count;
}
