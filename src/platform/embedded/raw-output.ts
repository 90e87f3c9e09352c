import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";

/** A line longer than this is kept in pieces, as Docker does. Bytes. */
export const longestLine = 16 * 1024;
const newline = 0x0a;

/**
 * The whole lines at the start of `bytes`, newlines included, and how many bytes they are. With `final` the rest counts
 * as a line too; without, it waits for its newline unless it is too long already.
 */
export function splitLines(bytes: Buffer, final: boolean): { lines: Buffer[]; length: number } {
  const lines: Buffer[] = [];
  let length = 0;
  while (length < bytes.length) {
    const end = bytes.subarray(length, length + longestLine).indexOf(newline);
    const remaining = bytes.length - length;
    let size: number;
    if (end >= 0) size = end + 1;
    else if (remaining >= longestLine) size = longestLine;
    else if (final) size = remaining;
    else break;
    lines.push(bytes.subarray(length, length + size));
    length += size;
  }
  return { lines, length };
}

/** What is known of a raw output file without reading it. */
export interface RawState {
  readonly size: number;
  /** When the task last wrote to it, nanoseconds since 1970. */
  readonly writtenNs: bigint;
}

/** Reads up to `length` bytes at `offset`, and tells the file's state; undefined when there is no such file. */
export async function readRaw(
  path: string,
  offset: number,
  length: number,
): Promise<(RawState & { readonly bytes: Buffer }) | undefined> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { size, mtimeNs } = await file.stat({ bigint: true });
    const wanted = Math.max(0, Math.min(length, Number(size) - offset));
    const bytes = Buffer.allocUnsafe(wanted);
    const { bytesRead } = wanted > 0 ? await file.read(bytes, 0, wanted, offset) : { bytesRead: 0 };
    return { size: Number(size), writtenNs: mtimeNs, bytes: bytes.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}

/**
 * Gives the file's bytes from `start` to `end` back to the file system. The task goes on appending where it is (its
 * offset does not change), so nothing it writes meanwhile can be lost, as it would be by truncating.
 */
export async function releaseRaw(path: string, start: number, end: number): Promise<void> {
  const range = ["--punch-hole", "--offset", String(start), "--length", String(end - start)];
  await promisify(execFile)("fallocate", [...range, path]);
}
