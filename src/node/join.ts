import type { JoinRequest } from "../docker-api/backend.ts";
import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Credentials } from "../pki/credentials.ts";
import { parseJoinToken } from "../pki/join-token.ts";
import type { NodeFiles } from "../pki/key-file.ts";
import { type KeyLock, noLock } from "../pki/key-lock.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import { sleep } from "../ports/clock.ts";
import type { NodeDoors } from "./doors.ts";
import { enroll } from "./enroll.ts";
import { headersFor } from "./keyring.ts";
import { askLock } from "./manager-lock.ts";

/** Pause after every manager was asked in vain. */
const lockBackoff: Backoff = { firstMs: 500, longestMs: 10_000 };

/**
 * Gets this node its certificate from one of the managers named. Goes on until it has one, `signal` aborts, or a manager
 * says that it never will; `onFailure` hears of everything else.
 */
export async function enrollNode(
  request: JoinRequest,
  doors: NodeDoors,
  signal: AbortSignal,
  onFailure: (fault: Fault) => void,
): Promise<NodeFiles> {
  const { clock, random } = doors;
  const dialler = doors.transport(new LiveIdentity(), () => false);
  const credentials = await enroll({ ...request, dialler, clock, random, signal, onFailure });
  const lock = await lockFor(credentials, request, doors, signal, onFailure);
  return { ...credentials, headers: headersFor(credentials.role, new Map(), random), lock };
}

/** Asks until there is an answer: a manager's key must not be written in clear where managers are locked. */
async function lockFor(
  credentials: Credentials,
  { remotes }: JoinRequest,
  { transport, clock, random }: NodeDoors,
  signal: AbortSignal,
  onFailure: (fault: Fault) => void,
): Promise<KeyLock> {
  if (credentials.role === "worker") return noLock;
  const asking = transport(new LiveIdentity(credentials), () => false);
  for (let attempt = 1; ; attempt++) {
    try {
      return await askLock(asking, remotes, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      onFailure(asFault(error));
    }
    await sleep(clock, backoffMs(lockBackoff, attempt, random.float()), signal);
  }
}

/** Docker answers a malformed token with its own text and 500, before anyone is asked. */
export function checkToken(token: string): void {
  try {
    parseJoinToken(token);
  } catch (cause) {
    throw new Fault("unknown", "invalid join token", { cause });
  }
}
