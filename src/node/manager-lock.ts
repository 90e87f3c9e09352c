import { asFault, Fault } from "../lib/fault.ts";
import type { KeyLock } from "../pki/key-lock.ts";
import type { Transport } from "../ports/transport.ts";
import { CA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { questionTimeoutMs } from "./issuance.ts";

/**
 * What a new manager has to lock its keys with before it writes them, asked of the other managers in turn. `transport` must
 * show its manager's certificate. Fault with what the last one said when none answers.
 */
export async function askLock(
  transport: Transport,
  managers: readonly string[],
  signal: AbortSignal,
): Promise<KeyLock> {
  let last = new Fault("unavailable", "Cannot ask for the key that locks managers: no other manager is known");
  for (const manager of managers) {
    const connection = transport.connect(manager);
    try {
      const options = { signal, timeoutMs: questionTimeoutMs };
      const { unlockKey, version } = await connection.client(CA).getUnlockKey({}, options);
      return { key: unlockKey, version: version?.index ?? 0n };
    } catch (error) {
      last = asFault(error);
      if (signal.aborted) break;
    } finally {
      connection.close();
    }
  }
  throw last;
}
