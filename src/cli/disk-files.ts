import { readFileSync } from "node:fs";
import type { Files } from "../compose/files.ts";
import { CliError } from "./failure.ts";

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
