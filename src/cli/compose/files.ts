import { readFileSync } from "node:fs";
import { CliError } from "../failure.ts";

/** Where Compose files, env files and what they refer to are read from. */
export interface Files {
  /** A file's bytes; undefined when there is none. */
  read(path: string): Buffer | undefined;
}

/** The disk; "-" is the standard input. */
export const diskFiles: Files = {
  read(path) {
    try {
      return readFileSync(path === "-" ? 0 : path);
    } catch (cause) {
      if (isErrno(cause) && cause.code === "ENOENT") return undefined;
      throw new CliError(`Cannot read "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  },
};

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}
