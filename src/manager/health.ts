import { type Registration, register } from "../ports/transport.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";

/** The service whose health is asked for before a manager is let into the quorum (SwarmKit: `Raft`). */
export const raftHealth = "Raft";

/** Whether a manager has a log. SwarmKit's managers do not know this name, and older ones of ours say of any name that it is served. */
export const logHealth = "shoal.raft.log";

/** Says that this manager is there. Whoever gets this answer has reached it and believes its certificate. */
export function healthService(hasLog: () => boolean): Registration {
  const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
  return register(Health, {
    check: async ({ service }) => ({ status: service === logHealth && !hasLog() ? NOT_SERVING : SERVING }),
  });
}
