import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Api } from "./api.ts";
import { CliError } from "./failure.ts";
import { print } from "./output.ts";
import { askPassphrase, readPassphrase } from "./passphrase.ts";
import { writeWhole } from "./whole-file.ts";

interface PassphraseOption {
  readonly passphraseFile?: string;
}

interface RestoreOptions extends PassphraseOption {
  readonly listenAddr: string;
  readonly advertiseAddr: string;
}

/** `shoal manager …`: what Swarm never had. */
export function managerCommands(program: Command, api: () => Api): void {
  const manager = program.command("manager").description("Keep a manager's swarm safe");
  const passphrase = (command: Command): Command =>
    command.option("--passphrase-file <file>", "file whose first line is the passphrase, instead of asking for it");

  passphrase(
    manager
      .command("backup")
      .description("Write the swarm's state and this manager's identity to a file, sealed under a passphrase")
      .argument("<file>"),
  ).action(async (path: string, { passphraseFile }: PassphraseOption) => {
    const secret = passphraseFile ? await readPassphrase(passphraseFile) : await askPassphrase("twice");
    const file = await api().postForBytes("/shoal/backup", undefined, headerFor(secret));
    await writeWhole(path, file);
    print(`Backup written to ${path} (${file.byteLength} bytes). Without the passphrase it is worth nothing.`);
  });

  passphrase(
    manager
      .command("restore")
      .description("Make this node, which must be in no swarm, the sole manager of a backed-up one")
      .argument("<file>")
      .option("--listen-addr <address>", "where to listen (default: as the backed-up manager)", "")
      .option("--advertise-addr <address>", "what to tell the other nodes (default: as the backed-up manager)", ""),
  ).action(async (path: string, { passphraseFile, listenAddr, advertiseAddr }: RestoreOptions) => {
    const file = await readFile(path).catch(cause => {
      throw new CliError(`Cannot read "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
    const secret = passphraseFile ? await readPassphrase(passphraseFile) : await askPassphrase("once");
    const addresses = new URLSearchParams({ listenAddr, advertiseAddr });
    const answer = await api().postForBytes(`/shoal/restore?${addresses}`, file, headerFor(secret));
    const { NodeID } = JSON.parse(answer.toString()) as { NodeID: string };
    print(`Swarm restored: current node (${NodeID}) is now its only manager.\n`);
    print("The managers it had before are out of it: remove them, and let new ones join.");
  });
}

/** A header holds bytes, not text. */
function headerFor(passphrase: string): Readonly<Record<string, string>> {
  return { "X-Shoal-Passphrase": Buffer.from(passphrase).toString("base64") };
}
