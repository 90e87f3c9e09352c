import type { IdentitySource } from "../pki/live-identity.ts";
import type { AnonymousDialler } from "../ports/anonymous.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { HostAddresses } from "../ports/host-addresses.ts";
import type { HttpsClient } from "../ports/https.ts";
import type { Logger } from "../ports/log.ts";
import type { Meters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Transport } from "../ports/transport.ts";

/** Everything a node needs of the world. */
export interface NodeDoors {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Nothing is measured without. */
  readonly meters?: Meters;
  readonly addresses: HostAddresses;
  /** Hears whether this process serves as a manager from now on: then it is to come before other programs. */
  readonly prioritise?: (isManager: boolean) => void;
  /** The door to the other nodes, for who `identity` says this node is. */
  transport(identity: IdentitySource, isRevoked: (nodeId: string) => boolean): Transport & AnonymousDialler;
  /** The door to external CAs, for the same. */
  https(identity: IdentitySource): HttpsClient;
  /**
   * What runs the tasks of node `nodeId`, publishing on `address` (without port), its overlay networks carried by
   * `dataAddress`.
   */
  runtime(nodeId: string, address: string, dataAddress: string): Promise<Runtime>;
}
