import type { Json } from "../../../docker-api/answer.ts";
import type { Machine } from "../../../docker-api/system/machine.ts";
import { machineInfo } from "../../../docker-api/system/machine-info.ts";
import { builtInImages } from "../image.ts";
import type { Container } from "./container-json.ts";

/** What clients warn their users of in `docker info`. */
const warnings = ["WARNING: The embedded runtime is no isolation boundary: tasks are processes of this machine"];

/** `/info` without its Swarm section: this machine, what the embedded runtime runs, and that no engine is there. */
export function engineInfo(machine: Machine, containers: readonly Container[], nowMs: number): Json {
  const running = containers.filter(({ instance }) => instance.state === "running").length;
  return {
    ...machineInfo(machine, nowMs),
    Containers: containers.length,
    ContainersRunning: running,
    ContainersStopped: containers.length - running,
    Images: builtInImages.length,
    Plugins: { Volume: [], Network: ["bridge", "host", "null", "overlay"], Authorization: null, Log: ["json-file"] },
    CgroupDriver: "cgroupfs",
    Labels: ["shoal.runtime=embedded"],
    Runtimes: { embedded: { path: "shoal" } },
    Warnings: warnings,
  };
}
