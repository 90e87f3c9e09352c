import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CliError } from "./failure.ts";

/** The first line of a file. */
export async function readPassphrase(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(cause => {
    throw new CliError(`Cannot read "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  return firstLine(text, `"${path}"`);
}

/** The first line of a text, without the end of a line from either kind of system. */
export function firstLine(text: string, where: string): string {
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new CliError(`There is no passphrase in the first line of ${where}`);
  return line;
}

/** Asks on the terminal, unseen; `twice` makes sure that it is what was meant. */
export async function askPassphrase(times: "once" | "twice"): Promise<string> {
  if (!process.stdin.isTTY) throw new CliError("There is no terminal to ask for the passphrase: use --passphrase-file");
  const passphrase = await askHidden("Passphrase: ");
  if (times === "twice" && (await askHidden("The same again: ")) !== passphrase)
    throw new CliError("The two passphrases are not the same");
  return passphrase;
}

/** Asks for something that nobody is to read over the shoulder. */
export async function askHidden(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  // What is typed is echoed by readline itself: into nothing.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const cancelled = new AbortController();
  lines.on("SIGINT", () => cancelled.abort());
  try {
    return await lines.question("", { signal: cancelled.signal });
  } catch (cause) {
    throw new CliError("Nothing was given", { cause });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
