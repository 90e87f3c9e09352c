import { systemClock } from "../platform/clock.ts";
import { silentLogger } from "../ports/log.ts";
import { type TransportHarness, transportContract } from "../ports/transport.contract.test-kit.ts";
import { TestSwarm } from "./identities.test-kit.ts";
import { grpcTransport } from "./transport.ts";

async function realWorld(): Promise<TransportHarness> {
  const swarm = await TestSwarm.create();
  const open = async (nodeId: string, role: "manager" | "worker") =>
    grpcTransport({ identity: await swarm.identity(nodeId, role), log: silentLogger, clock: systemClock });
  const stranger = await open("unused", "worker");
  return {
    member: ({ nodeId, role }) => open(nodeId, role),
    stranger: address => stranger.connectAnonymous(address, { kind: "root", rootPem: swarm.ca.certificatePem }),
    listenAddress: "127.0.0.1:0",
    until: work => work,
    close: async () => {},
  };
}

transportContract("gRPC over TLS", realWorld);
// Managers have another way among themselves for calls with one answer, and gRPC for the rest.
transportContract("TLS between managers", realWorld, "manager");
