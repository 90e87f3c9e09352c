import { Fault } from "../../lib/fault.ts";
import type { BatchLine } from "./link-commands.ts";
import { runProgram } from "./program.ts";

/** Lines given to one run of a program. */
const batchLimit = 5_000;

/** Runs the lines in their order, as many at once as go to one program. Fault internal with the first error that counts. */
export async function runBatches(lines: readonly BatchLine[]): Promise<void> {
  for (let at = 0; at < lines.length; ) {
    const program = lines[at]?.program ?? "ip";
    let end = at;
    while (end < lines.length && end - at < batchLimit && lines[end]?.program === program) end += 1;
    await runBatch(program, lines.slice(at, end));
    at = end;
  }
}

async function runBatch(program: BatchLine["program"], lines: readonly BatchLine[]): Promise<void> {
  const [file = "", ...version] = program.split(" ");
  const input = lines.map(({ text }) => `${text}\n`).join("");
  const { code, stderr } = await runProgram(file, [...version, "-force", "-batch", "-"], input);
  if (code === 0) return;
  const failure = batchFailures(stderr).find(({ line, text }) => !lines[line - 1]?.harmless?.test(text));
  if (failure) throw new Fault("internal", `${program} ${lines[failure.line - 1]?.text ?? ""}: ${failure.text}`);
}

/** What failed, by line number from 1: the programs write each error, and after it "Command failed -:3". */
export function batchFailures(stderr: string): { readonly line: number; readonly text: string }[] {
  const failures: { line: number; text: string }[] = [];
  let text: string[] = [];
  for (const each of stderr.split("\n")) {
    const failed = /^Command failed .*:(\d+)$/.exec(each);
    if (!failed) {
      if (each.trim() !== "") text.push(each.trim());
      continue;
    }
    failures.push({ line: Number(failed[1]), text: text.join(" ") });
    text = [];
  }
  return failures;
}
