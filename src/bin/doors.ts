import type { NodeDoors } from "../node/doors.ts";
import { auditedTransport, type CallAudit } from "../platform/audited-transport.ts";
import { systemClock } from "../platform/clock.ts";
import { systemDisk } from "../platform/disk.ts";
import { systemAddresses } from "../platform/host-addresses.ts";
import { systemHttps } from "../platform/https.ts";
import { measuredRuntime } from "../platform/metrics/measured-runtime.ts";
import { giveManagersPriority } from "../platform/priority.ts";
import { systemRandom } from "../platform/random.ts";
import type { Logger } from "../ports/log.ts";
import type { Meters } from "../ports/meters.ts";
import { grpcTransport } from "../rpc/transport.ts";

/** A node's doors to this machine and the network. `audit` is told what other nodes change here. */
export function realDoors(
  log: Logger,
  runtime: NodeDoors["runtime"],
  meters: Meters,
  audit?: CallAudit["write"],
): NodeDoors {
  return {
    disk: systemDisk,
    clock: systemClock,
    random: systemRandom,
    addresses: systemAddresses,
    prioritise: isManager => giveManagersPriority(isManager, log),
    log,
    meters,
    runtime: async (...place) => measuredRuntime(await runtime(...place), meters, systemClock),
    https: systemHttps,
    transport: (identity, isRevoked) => {
      const transport = grpcTransport({ identity, isRevoked, log, clock: systemClock });
      return audit ? auditedTransport(transport, { write: audit, clock: systemClock }) : transport;
    },
  };
}
