import type { JoinRequest } from "../docker-api/backend.ts";
import { Fault } from "../lib/fault.ts";
import { parseJoinToken } from "../pki/join-token.ts";
import type { NodeFiles } from "../pki/key-file.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import type { NodeDoors } from "./doors.ts";
import { enroll } from "./enroll.ts";
import { headersFor } from "./keyring.ts";

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
  return { ...credentials, headers: headersFor(credentials.role, new Map(), random) };
}

/** Docker answers a malformed token with its own text and 500, before anyone is asked. */
export function checkToken(token: string): void {
  try {
    parseJoinToken(token);
  } catch (cause) {
    throw new Fault("unknown", "invalid join token", { cause });
  }
}
