import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { tryCommand } from "./command.ts";

/** How much of a process's memory is looked at together, in bytes. */
const windowBytes = 4 << 20;

/** A secret in the shapes in which it could lie about: as it is, and in base64 at each alignment. */
function shapesOf(secret: string): string[] {
  const encoded = ["", "x", "xy"].map(before => Buffer.from(before + secret).toString("base64"));
  // What also depends on the bytes before and after is left out.
  return [secret, ...encoded.map(text => text.slice(4, -4))];
}

/** The files below some directories that hold a secret. Other file systems that are mounted there are looked into too. */
export async function filesWith(secret: string, directories: readonly string[]): Promise<string[]> {
  const patterns = shapesOf(secret).flatMap(shape => ["-e", shape]);
  const { code, stdout, stderr } = await tryCommand(["grep", "-rlaF", "-D", "skip", ...patterns, ...directories]);
  // Files may go while they are read; then the status says so, but those that were found are told.
  if (code > 2) throw new Error(`grep: ${stderr}`);
  return stdout.split("\n").filter(Boolean);
}

/** Whether a process has a secret in memory that it can write to. */
export function hasInMemory(pid: number, secret: string): boolean {
  const shapes = shapesOf(secret).map(shape => Buffer.from(shape));
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    return writableRanges(pid).some(([begin, end]) => {
      for (let at = begin; at < end; at += windowBytes - secret.length * 2) {
        const bytes = readAt(memory, at, Math.min(windowBytes, end - at));
        if (shapes.some(shape => bytes.includes(shape))) return true;
      }
      return false;
    });
  } finally {
    closeSync(memory);
  }
}

function writableRanges(pid: number): (readonly [number, number])[] {
  const lines = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n");
  return lines.flatMap(line => {
    const [, begin = "", end = ""] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    return begin === "" ? [] : [[Number.parseInt(begin, 16), Number.parseInt(end, 16)] as const];
  });
}

/** What can be read there; nothing when it was given back meanwhile. */
function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  } catch {
    return bytes.subarray(0, 0);
  }
}
