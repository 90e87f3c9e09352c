import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { said } from "../compose/said.ts";
import { CliError } from "./failure.ts";
import type { SwarmView } from "./types.ts";
import { collect, count, duration, pairs } from "./values.ts";

/** Settings of a swarm, as `swarm init`, `update` and `ca` take them. */
export interface SwarmFlags {
  readonly autolock?: boolean;
  readonly certExpiry?: number;
  readonly dispatcherHeartbeat?: number;
  readonly externalCa?: readonly string[];
  readonly maxSnapshots?: number;
  readonly snapshotInterval?: number;
  readonly taskHistoryLimit?: number;
}

export function swarmSpecOptions(command: Command): Command {
  return caOptions(command)
    .option("--autolock", "managers that start again need the unlock key (--autolock=false: no more)")
    .option("--dispatcher-heartbeat <duration>", "how often nodes report", duration)
    .option("--max-snapshots <n>", "older Raft snapshots that are kept", count)
    .option("--snapshot-interval <n>", "log entries between two Raft snapshots", count)
    .option("--task-history-limit <n>", "ended tasks kept per slot", count);
}

export function caOptions(command: Command): Command {
  return command
    .option("--cert-expiry <duration>", "how long node certificates hold", duration)
    .option("--external-ca <ca>", "protocol=cfssl,url=URL[,cacert=FILE]; repeatable", collect);
}

/** The settings that there are, changed as the flags say. */
export function changedSwarmSpec(spec: Partial<SwarmView["Spec"]>, flags: SwarmFlags): Record<string, unknown> {
  const part = (before: object | undefined, members: Record<string, unknown>): object => ({
    ...before,
    ...said(members),
  });
  return {
    ...spec,
    Orchestration: part(spec.Orchestration, { TaskHistoryRetentionLimit: flags.taskHistoryLimit }),
    Raft: part(spec.Raft, { SnapshotInterval: flags.snapshotInterval, KeepOldSnapshots: flags.maxSnapshots }),
    Dispatcher: part(spec.Dispatcher, { HeartbeatPeriod: flags.dispatcherHeartbeat }),
    CAConfig: part(spec.CAConfig, {
      NodeCertExpiry: flags.certExpiry,
      ExternalCAs: flags.externalCa?.map(externalCa),
    }),
    EncryptionConfig: part(spec.EncryptionConfig, { AutoLockManagers: flags.autolock }),
  };
}

function externalCa(text: string): object {
  const { protocol, url, cacert, ...Options } = pairs(text.split(","));
  if (protocol !== "cfssl" || !url)
    throw new CliError(`Cannot use "${text}" as an external CA: it must have protocol=cfssl and url=URL`);
  return said({ Protocol: protocol, URL: url, CACert: cacert && pemFile(cacert), Options });
}

export function pemFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CliError(`Cannot read "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
