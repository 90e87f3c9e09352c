import type { Json } from "../../../docker-api/answer.ts";
import type { Machine } from "../../../docker-api/system/machine.ts";
import { formatTimestamp, toTimestamp } from "../../../model/time.ts";
import { builtInImages } from "../image.ts";
import type { Container } from "./container-json.ts";

/** What clients warn their users of in `docker info`. */
const warnings = ["WARNING: The embedded runtime is no isolation boundary: tasks are processes of this machine"];

/** `/info` without its Swarm section: this machine, and that no engine is there. */
export function engineInfo(machine: Machine, containers: readonly Container[], nowMs: number): Json {
  const running = containers.filter(({ instance }) => instance.state === "running").length;
  return {
    ID: "",
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: containers.length - running,
    Images: builtInImages.length,
    Driver: "embedded",
    DriverStatus: [],
    Plugins: { Volume: [], Network: ["bridge", "host", "null", "overlay"], Authorization: null, Log: ["json-file"] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: false,
    OomKillDisable: false,
    SystemTime: formatTimestamp(toTimestamp(nowMs)),
    LoggingDriver: "json-file",
    CgroupDriver: "cgroupfs",
    KernelVersion: machine.kernelVersion,
    OperatingSystem: machine.operatingSystem,
    OSType: "linux",
    Architecture: machine.architecture,
    IndexServerAddress: "",
    RegistryConfig: null,
    NCPU: machine.cpus,
    MemTotal: machine.memoryBytes,
    GenericResources: null,
    DockerRootDir: machine.dataRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: machine.hostname,
    Labels: ["shoal.runtime=embedded"],
    ExperimentalBuild: false,
    ServerVersion: machine.version,
    Runtimes: { embedded: { path: "shoal" } },
    DefaultRuntime: "embedded",
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: { ID: "", Expected: "" },
    RuncCommit: { ID: "", Expected: "" },
    InitCommit: { ID: "", Expected: "" },
    SecurityOptions: [],
    Warnings: warnings,
  };
}
