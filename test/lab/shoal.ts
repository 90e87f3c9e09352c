import { resolve } from "node:path";
import { type CommandOptions, type CommandResult, tryCommand } from "./command.ts";
import type { Daemon } from "./daemon.ts";

const program = resolve(import.meta.dirname, "../../bin/shoal");

/** Runs the `shoal` command against a daemon. */
export function shoal(daemon: Daemon, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return tryCommand([program, "-H", `unix://${daemon.socket}`, ...args], options);
}

/** `shoal`, which must succeed; its trimmed standard output. */
export async function shoalOk(daemon: Daemon, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await shoal(daemon, args, options);
  if (code !== 0) throw new Error(`shoal ${args.join(" ")}: exit ${code}: ${stderr || stdout}`);
  return stdout.trim();
}
