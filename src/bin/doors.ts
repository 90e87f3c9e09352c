import type { NodeDoors } from "../node/doors.ts";
import { systemClock } from "../platform/clock.ts";
import { systemDisk } from "../platform/disk.ts";
import { systemAddresses } from "../platform/host-addresses.ts";
import { systemRandom } from "../platform/random.ts";
import type { Logger } from "../ports/log.ts";
import { grpcTransport } from "../rpc/transport.ts";

/** A node's doors to this machine and the network. */
export function realDoors(log: Logger, runtime: NodeDoors["runtime"]): NodeDoors {
  return {
    disk: systemDisk,
    clock: systemClock,
    random: systemRandom,
    addresses: systemAddresses,
    log,
    runtime,
    transport: (identity, isRevoked) => grpcTransport({ identity, isRevoked, log, clock: systemClock }),
  };
}
