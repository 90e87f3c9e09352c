import { CommanderError } from "commander";
import { ProjectError } from "../compose/project-error.ts";

/** Something that whoever typed the command is to be told in one line. */
export class CliError extends Error {
  override readonly name: string = "CliError";
}

/** An answer of the daemon with a status of 400 or more; the message is its own. */
export class ApiError extends CliError {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** An answer that refuses a call is told with what was tried, in `docker stack`'s words: `failed to create service web: …`. */
export async function trying<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new CliError(`failed to ${what}: Error response from daemon: ${error.message}`, { cause: error });
  }
}

/** Tells what went wrong and makes the exit status 1. Errors that nobody foresaw are thrown on, with their stack. */
export function report(error: unknown): void {
  process.stderr.write(`${lineFor(error)}\n`);
  process.exitCode = 1;
}

function lineFor(error: unknown): string {
  if (error instanceof ApiError) return `Error response from daemon: ${error.message}`;
  if (error instanceof CliError || error instanceof ProjectError || error instanceof CommanderError)
    return `error: ${error.message}`;
  throw error;
}

/** Does the same for each name and prints it; one that fails does not keep the others from their turn. */
export async function forEachName(names: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  for (const name of names) {
    try {
      await act(name);
      process.stdout.write(`${name}\n`);
    } catch (error) {
      report(error);
    }
  }
}

/** Shows what the names stand for as far as there is such a thing, and then reports those for which there is none. */
export async function showFound<T>(
  names: readonly string[],
  find: (name: string) => Promise<T>,
  show: (found: readonly T[]) => Promise<void>,
): Promise<void> {
  const looks = await Promise.allSettled(names.map(find));
  const found = looks.flatMap(look => (look.status === "fulfilled" ? [look.value] : []));
  if (found.length > 0) await show(found);
  for (const look of looks) if (look.status === "rejected") report(look.reason);
}
