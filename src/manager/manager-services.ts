import type { DescService } from "@bufbuild/protobuf";
import { caServices } from "../ca/services.ts";
import { controlApi } from "../controlapi/control-api.ts";
import type { PortsInUse } from "../controlapi/ports-in-use.ts";
import { resourceAllocator } from "../dispatcher/resource-allocator.ts";
import { defined } from "../lib/assert.ts";
import type { HttpsClient } from "../ports/https.ts";
import { type Registration, register } from "../ports/transport.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { Dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { LogBroker, Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { Raft, RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ResourceAllocator } from "../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { NetworkDoctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import { NetworkFeed } from "../wire/gen/shoal/v1/network_pb.ts";
import { Peers } from "../wire/gen/shoal/v1/peers_pb.ts";
import { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { healthService } from "./health.ts";
import { lateRegistration, lateService } from "./late-service.ts";
import type { LeaderSeat } from "./leader-seat.ts";
import type { LeaderUnit, LeaderUnitParts } from "./leader-unit.ts";
import { type MembershipServiceParts, membershipService } from "./membership-service.ts";
import { type RouteParts, routed } from "./routed-services.ts";

export interface ServiceParts extends LeaderUnitParts, Omit<MembershipServiceParts, "store"> {
  readonly https: HttpsClient;
  readonly routing: RouteParts;
  readonly seat: LeaderSeat<LeaderUnit>;
  /** What other members of the quorum call. Fault unavailable while it is not there yet. */
  readonly raft: () => readonly Registration[];
  /** Whether this manager has a log by now: it is open, or was when it began. */
  readonly hasLog: () => boolean;
}

/** All that a manager serves, and what of it this manager itself calls: each done by the leader, whichever manager is asked. */
export interface ManagerServices {
  readonly control: Registration;
  readonly logs: Registration;
  readonly usage: Registration;
  readonly doctor: Registration;
  readonly membership: Registration;
  readonly authority: Registration;
  readonly certificates: Registration;
  readonly all: readonly Registration[];
}

/** What is known of ports in use while this manager does not lead. */
const none: PortsInUse = new Map();

export function managerServices(parts: ServiceParts): ManagerServices {
  const { store, quorum, seat, routing, raft } = parts;
  const byLeader = (registration: Registration) => routed(registration, routing);
  const control = byLeader(
    register(
      Control,
      controlApi({
        ...parts,
        members: () => quorum.members(),
        portsInUse: () => seat.seated?.doctor.portsInUse ?? none,
      }),
    ),
  );
  const logs = byLeader(lateService(Logs, async signal => (await seat.serving(signal)).broker.logs));
  const usage = byLeader(lateService(Usage, async signal => (await seat.serving(signal)).dispatcher.usage));
  const doctor = byLeader(lateService(NetworkDoctor, async signal => (await seat.serving(signal)).doctor.handlers));
  const membership = byLeader(register(RaftMembership, membershipService({ ...parts, store })));
  const [ca, nodeCa] = caServices(parts);
  const [authority, certificates] = [byLeader(ca), byLeader(nodeCa)];
  return {
    ...{ control, logs, usage, doctor, membership, authority, certificates },
    all: [
      ...[control, logs, usage, doctor, membership, authority, certificates],
      byLeader(lateService(Dispatcher, async signal => (await seat.serving(signal)).dispatcher.handlers)),
      byLeader(lateService(NetworkFeed, async signal => (await seat.serving(signal)).dispatcher.network)),
      byLeader(lateService(LogBroker, async signal => (await seat.serving(signal)).broker.agents)),
      byLeader(register(ResourceAllocator, resourceAllocator(parts))),
      // Between the members themselves: whoever is called is meant.
      healthService(parts.hasLog),
      amongRaft(Raft, raft),
      amongRaft(Peers, raft),
    ],
  };
}

function amongRaft(service: DescService, raft: () => readonly Registration[]): Registration {
  return lateRegistration(service, async () => {
    const registration = raft().find(each => each.service === service);
    return defined(registration, `the handlers of ${service.typeName}`).handlers;
  });
}
