import type { Mode } from "../../compose/stack/spec.ts";
import { CliError } from "../failure.ts";

export interface ModeFlags {
  readonly mode?: string;
  readonly replicas?: number;
  readonly maxConcurrent?: number;
}

/** What `--mode`, `--replicas` and `--max-concurrent` of `service create` mean together. */
export function newMode({ mode = "replicated", replicas, maxConcurrent }: ModeFlags): Mode {
  if (mode.startsWith("global") && replicas !== undefined)
    throw new CliError(`--replicas does not go with --mode ${mode}: there is a task on every node`);
  if (mode !== "replicated-job" && maxConcurrent !== undefined)
    throw new CliError("--max-concurrent goes with --mode replicated-job only");
  switch (mode) {
    case "global":
      return { Global: {} };
    case "global-job":
      return { GlobalJob: {} };
    case "replicated-job":
      return { ReplicatedJob: { TotalCompletions: replicas ?? 1, MaxConcurrent: maxConcurrent ?? replicas ?? 1 } };
    default:
      return { Replicated: { Replicas: replicas ?? 1 } };
  }
}

/** The mode that a service has, with another number of tasks. */
export function changedMode(mode: Mode, { replicas, maxConcurrent }: ModeFlags): Mode {
  if (replicas === undefined && maxConcurrent === undefined) return mode;
  if (mode.ReplicatedJob) {
    const { TotalCompletions = 1, MaxConcurrent = 1 } = mode.ReplicatedJob;
    return {
      ReplicatedJob: { TotalCompletions: replicas ?? TotalCompletions, MaxConcurrent: maxConcurrent ?? MaxConcurrent },
    };
  }
  if (!mode.Replicated) throw new CliError("replicas can only be used with replicated or replicated-job mode");
  if (maxConcurrent !== undefined) throw new CliError("--max-concurrent can only be used with replicated-job mode");
  return replicas === undefined ? mode : { Replicated: { Replicas: replicas } };
}
