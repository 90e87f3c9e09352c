import type { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { HttpsClient } from "../ports/https.ts";
import type { Logger } from "../ports/log.ts";
import type { Meters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";
import type { Caller, Transport } from "../ports/transport.ts";
import type { ManagerBeginning } from "./beginning.ts";

export interface ManagerOptions {
  /** Who this manager is, from its certificate. */
  readonly self: Caller;
  /** HOST:PORT each. */
  readonly listenAddress: string;
  readonly advertiseAddress: string;
  readonly transport: Transport;
  /** To external CAs. */
  readonly https: HttpsClient;
  readonly disk: Disk;
  /** Directory of the log; nothing else may be in it. */
  readonly directory: string;
  /** The key that log and snapshots are sealed with. */
  readonly dataKey: Uint8Array;
  /** The one that is to take its place, while they are being sealed anew: some of them are under it by now. */
  readonly nextDataKey?: Uint8Array | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meters?: Meters | undefined;
  readonly beginning: ManagerBeginning;
  /** Gives up what `Manager.start` waits for when it aborts. */
  readonly signal?: AbortSignal;
  /** Called once when this manager was removed from the quorum: it is to be stopped, and its log to be forgotten. */
  readonly onRemoved: () => void;
  /** Called when this manager cannot go on: its log cannot be written any more. */
  readonly onBroken: (fault: Fault) => void;
}
