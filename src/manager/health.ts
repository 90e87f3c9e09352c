import { type Registration, register } from "../ports/transport.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";

/** The service whose health is asked for before a manager is let into the quorum (SwarmKit: `Raft`). */
export const raftHealth = "Raft";

/** Says that this manager is there. Whoever gets this answer has reached it and believes its certificate. */
export const healthService: Registration = register(Health, {
  async check() {
    return { status: HealthCheckResponse_ServingStatus.SERVING };
  },
});
