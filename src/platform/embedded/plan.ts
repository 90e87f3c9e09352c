import { createHash } from "node:crypto";
import { Fault } from "../../lib/fault.ts";
import { fromDuration } from "../../model/time.ts";
import type { Task } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { ContainerSpec, ContainerSpec_Ulimit } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type HealthPlan, planHealth } from "./health.ts";
import { commandLine, findImage } from "./image.ts";
import { type PlannedPort, planPorts } from "./port-plan.ts";
import { signalNumber } from "./signal.ts";
import { environment } from "./task-environment.ts";
import { resolveUser, type UserIds, type UserTables } from "./user.ts";

/**
 * Everything the runtime has to know to run one task, worked out once when the task is prepared and kept on disk beside
 * it (mode 0600, without secrets): a restarted daemon carries on from here.
 */
export interface Plan {
  readonly taskId: string;
  /** 64 hexadecimal digits like a container's, the same for every preparation of the same task. */
  readonly containerId: string;
  /** `service.slot.taskid`. */
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly command: readonly string[];
  /** KEY=value each. */
  readonly env: readonly string[];
  /** "" for the task's own working directory. */
  readonly directory: string;
  /** Undefined for the daemon's own user. */
  readonly user: UserIds | undefined;
  readonly hostname: string;
  readonly stopSignal: number;
  readonly stopGraceMs: number;
  readonly health: HealthPlan | undefined;
  readonly limits: Limits;
  /** Options for prlimit(1), one a limit. */
  readonly ulimits: readonly string[];
  readonly oomScoreAdjust: number;
  readonly ports: readonly PlannedPort[];
  /** The address that is the task's own for names; undefined for one that is on no overlay network. */
  readonly nameAddress?: string;
  /** Whether it has any. */
  readonly secrets: boolean;
  readonly configs: boolean;
}

/** What the task may use; 0 for no limit. */
export interface Limits {
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  readonly processes: number;
}

/** The node a task is to run on. */
export interface PlanNode {
  readonly nodeId: string;
  readonly hostname: string;
  readonly users: UserTables;
}

const defaultStopGraceMs = 10_000;

/**
 * Works out how a task is to be run. `localPort` hands out a free loopback port for each target port. Faults: not_found
 * and invalid_argument when the task can never run here.
 */
export async function makePlan(
  task: Task,
  node: PlanNode,
  nowMs: number,
  localPort: (protocol: PlannedPort["protocol"]) => Promise<number>,
): Promise<Plan> {
  const spec = containerSpecOf(task);
  refuseWhatCannotBe(spec);
  const image = findImage(spec.image);
  const command = commandLine(image, spec.command, spec.args);
  const stopSignal = signalNumber(spec.stopSignal);
  const containerId = createHash("sha256").update(`${node.nodeId}/${task.id}`).digest("hex");
  const hostname = spec.hostname || containerId.slice(0, 12);
  const ports = await planPorts(task, localPort);
  return {
    taskId: task.id,
    containerId,
    name: nameOf(task),
    image: spec.image,
    labels: { ...spec.labels, ...swarmLabels(task) },
    createdMs: nowMs,
    command,
    env: environment({ task, spec, image, hostname, node, ports }),
    directory: spec.dir || (image.directory ?? ""),
    user: spec.user === "" ? undefined : resolveUser(spec.user, node.users),
    hostname,
    stopSignal,
    stopGraceMs: fromDuration(spec.stopGracePeriod) ?? defaultStopGraceMs,
    health: planHealth(spec.healthcheck),
    limits: {
      nanoCpus: Number(task.spec?.resources?.limits?.nanoCpus ?? 0n),
      memoryBytes: Number(task.spec?.resources?.limits?.memoryBytes ?? 0n),
      processes: Number(spec.pidsLimit),
    },
    ulimits: spec.ulimits.map(ulimitOption),
    oomScoreAdjust: Number(spec.oomScoreAdj),
    ports,
    secrets: spec.secrets.length > 0,
    configs: spec.configs.length > 0,
  };
}

/** Faults invalid_argument for a task that is not a container. */
export function containerSpecOf(task: Task): ContainerSpec {
  const runtime = task.spec?.runtime;
  if (runtime?.case !== "container")
    throw new Fault("invalid_argument", "Cannot run the task: the embedded runtime runs containers' specs alone");
  return runtime.value;
}

/** A task that would run differently from what its spec says is turned away with the reason. */
function refuseWhatCannotBe(spec: ContainerSpec): void {
  for (const mount of spec.mounts) {
    if (!mount.target.startsWith("/"))
      throw new Fault("invalid_argument", `invalid mount target, must be an absolute path: ${mount.target}`);
    throw new Fault(
      "invalid_argument",
      `Cannot mount "${mount.target}": the embedded runtime has no mounts, its tasks see this machine's own files`,
    );
  }
}

const ulimitNames = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

function ulimitOption(limit: ContainerSpec_Ulimit): string {
  if (!ulimitNames.has(limit.name)) throw new Fault("invalid_argument", `invalid ulimit type: ${limit.name}`);
  const value = (bound: bigint): string => (bound < 0n ? "unlimited" : String(bound));
  return `--${limit.name}=${value(limit.soft)}:${value(limit.hard)}`;
}

/** As Docker names a task's container; a global service's task has its node in the slot's place. */
function nameOf(task: Task): string {
  return `${task.serviceAnnotations?.name ?? ""}.${task.slot === 0n ? task.nodeId : task.slot}.${task.id}`;
}

/** The labels by which tools know a task's container. */
function swarmLabels(task: Task): Record<string, string> {
  return {
    "com.docker.swarm.node.id": task.nodeId,
    "com.docker.swarm.service.id": task.serviceId,
    "com.docker.swarm.service.name": task.serviceAnnotations?.name ?? "",
    "com.docker.swarm.task": "",
    "com.docker.swarm.task.id": task.id,
    "com.docker.swarm.task.name": nameOf(task),
  };
}
