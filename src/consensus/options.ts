import type { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import type { Beginning } from "./beginning.ts";
import type { Leadership } from "./leadership.ts";
import type { Sealer } from "./sealer.ts";

/** What one manager's part in the log is made of. */
export interface ConsensusOptions {
  readonly store: Store;
  readonly disk: Disk;
  /** Directory of log and snapshots; nothing else may be in it. */
  readonly directory: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly transport: Transport;
  /** `address` is where other managers reach this one, HOST:PORT. */
  readonly self: { readonly nodeId: string; readonly address: string };
  readonly beginning: Beginning;
  /** Called at each change, in order. */
  readonly onLeadership: (leadership: Leadership) => void;
  /** Called once when this manager was removed from the quorum. */
  readonly onRemoved: () => void;
  /** Called once when the log cannot be written any more, or is found not to be what it was: this manager must stop serving. */
  readonly onBroken: (fault: Fault) => void;
}
