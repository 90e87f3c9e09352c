import type { Instance } from "../../ports/runtime.ts";
import { taskIdLabel } from "./labels.ts";
import { publishedPorts } from "./ports.ts";
import type { ContainerAnswer } from "./types.ts";

/** A container as the runtime's users see it. */
export function toInstance(container: ContainerAnswer): Instance {
  const state = stateOf(container);
  return {
    taskId: container.Config.Labels?.[taskIdLabel] ?? "",
    containerId: container.Id,
    state,
    health: healthOf(container),
    pid: state === "running" ? container.State.Pid : 0,
    exitCode: container.State.ExitCode,
    error: errorOf(container),
    ports: state === "running" ? publishedPorts(container) : [],
  };
}

function stateOf(container: ContainerAnswer): Instance["state"] {
  const status = container.State.Status;
  switch (status) {
    case "created":
      return "created";
    case "running":
    case "paused":
    case "restarting":
      return "running";
    case "exited":
    case "dead":
    case "removing":
      return "exited";
    default:
      status satisfies never;
      return "exited";
  }
}

function healthOf(container: ContainerAnswer): Instance["health"] {
  const status = container.State.Health?.Status;
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}

function errorOf(container: ContainerAnswer): string {
  const { Error: text, OOMKilled: outOfMemory } = container.State;
  if (text !== "" || !outOfMemory) return text;
  const limit = container.HostConfig.Memory ?? 0;
  return limit > 0
    ? `killed: it used more memory than its limit of ${limit} bytes`
    : "killed: the node ran out of memory";
}
