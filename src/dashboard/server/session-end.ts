import type { ServerResponse } from "node:http";

/** Milliseconds between two looks whether a session in which an answer goes on still holds. */
const lookMs = 2_000;

/**
 * Ends an answer that goes on (a stream) with the session it was asked for in: when its time is over, and soon after its token was
 * taken back or the node can check none any more.
 */
export function endWithSession(response: ServerResponse, expiresMs: number, holds: () => boolean): void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(look, Math.min(lookMs, Math.max(0, expiresMs - Date.now())));
  };
  const look = (): void => {
    if (expiresMs <= Date.now() || !holdsNow(holds)) response.destroy();
    else wait();
  };
  wait();
  response.once("close", () => clearTimeout(timer));
}

function holdsNow(holds: () => boolean): boolean {
  try {
    return holds();
  } catch {
    // The page asks anew, and is told why.
    return false;
  }
}
