import type { Json } from "../../../docker-api/answer.ts";
import { humanDuration } from "../../../lib/human-duration.ts";
import { formatTimestamp, toTimestamp } from "../../../model/time.ts";
import type { Instance } from "../../../ports/runtime.ts";
import type { Plan } from "../plan.ts";
import { digestOf } from "./image-json.ts";

/** One task, with all that the engine's API tells of a container. */
export interface Container {
  readonly plan: Plan;
  readonly instance: Instance;
  /** Milliseconds since 1970; undefined for what has not happened. */
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
}

type JsonObject = { readonly [key: string]: Json };

/** An element of `/containers/json`. */
export function containerSummary(container: Container, nowMs: number): JsonObject {
  const { plan, instance } = container;
  return {
    Id: plan.containerId,
    Names: [`/${plan.name}`],
    Image: plan.image,
    ImageID: digestOf(plan.image),
    Command: plan.command.join(" "),
    Created: Math.floor(plan.createdMs / 1000),
    Ports: ports(container),
    Labels: plan.labels,
    State: instance.state,
    Status: statusText(container, nowMs),
    HostConfig: { NetworkMode: "host" },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}

/** `/containers/{id}/json`. */
export function containerDetails(container: Container): JsonObject {
  const { plan, instance } = container;
  const [path = "", ...args] = plan.command;
  return {
    Id: plan.containerId,
    Created: stamp(plan.createdMs),
    Path: path,
    Args: args,
    State: state(container),
    Image: digestOf(plan.image),
    Name: `/${plan.name}`,
    RestartCount: 0,
    Driver: "embedded",
    Platform: "linux",
    HostConfig: {
      NetworkMode: "host",
      LogConfig: { Type: "json-file", Config: {} },
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      Memory: plan.limits.memoryBytes,
      NanoCpus: plan.limits.nanoCpus,
      PidsLimit: plan.limits.processes || null,
      OomScoreAdj: plan.oomScoreAdjust,
    },
    Mounts: [],
    Config: {
      Hostname: plan.hostname,
      User: plan.user ? `${plan.user.uid}:${plan.user.gid}` : "",
      Env: [...plan.env],
      Cmd: [...plan.command],
      Image: plan.image,
      WorkingDir: plan.directory,
      Entrypoint: null,
      Labels: plan.labels,
      Tty: false,
      StopSignal: String(plan.stopSignal),
    },
    NetworkSettings: { Ports: portMap(instance), Networks: {} },
  };
}

function state({ instance, startedMs, finishedMs }: Container): JsonObject {
  return {
    Status: instance.state,
    Running: instance.state === "running",
    Paused: false,
    Restarting: false,
    OOMKilled: instance.error.startsWith("out of memory"),
    Dead: false,
    Pid: instance.pid,
    ExitCode: instance.exitCode,
    Error: instance.error,
    StartedAt: stamp(startedMs),
    FinishedAt: stamp(finishedMs),
    ...(instance.health === "none" ? {} : { Health: { Status: instance.health, FailingStreak: 0, Log: [] } }),
  };
}

/** Go's zero time for what has not happened. */
function stamp(ms: number | undefined): string {
  return ms === undefined ? "0001-01-01T00:00:00Z" : formatTimestamp(toTimestamp(ms));
}

/** "Up 5 minutes (healthy)", "Exited (0) 2 hours ago", "Created". */
function statusText({ instance, startedMs, finishedMs }: Container, nowMs: number): string {
  const since = (ms: number | undefined): string => humanDuration(nowMs - (ms ?? nowMs));
  switch (instance.state) {
    case "created":
      return "Created";
    case "exited":
      return `Exited (${instance.exitCode}) ${since(finishedMs)} ago`;
    case "running":
      return `Up ${since(startedMs)}${healthText(instance.health)}`;
    default:
      return instance.state satisfies never;
  }
}

function healthText(health: Instance["health"]): string {
  if (health === "none") return "";
  return health === "starting" ? " (health: starting)" : ` (${health})`;
}

const protocolName = (protocol: number): string => (protocol === 0 ? "tcp" : "udp");

function ports({ instance }: Container): JsonObject[] {
  return instance.ports.map(port => ({
    PrivatePort: port.targetPort,
    PublicPort: port.publishedPort,
    Type: protocolName(port.protocol),
  }));
}

function portMap({ ports }: Instance): JsonObject {
  return Object.fromEntries(
    ports.map(port => [
      `${port.targetPort}/${protocolName(port.protocol)}`,
      [{ HostIp: "", HostPort: String(port.publishedPort) }],
    ]),
  );
}
