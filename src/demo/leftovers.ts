import { join } from "node:path";
import { systemClock } from "../platform/clock.ts";
import { clearTasks } from "../platform/embedded/clear.ts";
import { systemRandom } from "../platform/random.ts";
import { silentLogger } from "../ports/log.ts";
import { DockerApi, filters } from "./docker-api.ts";

const engineSocket = "/var/run/docker.sock";

/** Kills what a stopped daemon has left running on the embedded runtime. */
export async function removeProcesses(dataRoot: string): Promise<void> {
  await clearTasks(join(dataRoot, "embedded"), { clock: systemClock, random: systemRandom, log: silentLogger });
}

/** Removes what stopped daemons have left on the machine's engine: containers of these nodes, no others. */
export async function removeContainers(nodeIds: readonly string[]): Promise<void> {
  const engine = new DockerApi(engineSocket);
  for (const id of nodeIds) {
    const query = filters({ label: [`com.docker.swarm.node.id=${id}`] });
    const containers = await engine.get<{ Id: string }[]>(`/containers/json?all=1&${query}`);
    await Promise.all(containers.map(container => engine.delete(`/containers/${container.Id}?force=1&v=1`)));
  }
}
