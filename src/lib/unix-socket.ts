import { Fault } from "./fault.ts";

/** Longest path a unix socket can have on Linux, in bytes, its final zero not counted (unix(7)). */
const maxPathBytes = 107;

/** Fault invalid_argument when no socket can have this path: the system would cut it short and use what is left. */
export function checkSocketPath(path: string): void {
  if (new TextEncoder().encode(path).length > maxPathBytes)
    throw new Fault("invalid_argument", `Cannot use "${path}": a socket's path is ${maxPathBytes} bytes at most`);
}
