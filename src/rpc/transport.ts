import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { IdentitySource } from "../pki/live-identity.ts";
import type { AnonymousDialler } from "../ports/anonymous.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Transport } from "../ports/transport.ts";
import { GrpcConnection } from "./connection.ts";
import { anonymousDialler, memberDialler } from "./dialler.ts";
import { GrpcListener } from "./listener.ts";

export interface GrpcTransportOptions {
  /** The node's credentials; changes are taken up by new connections, on both sides. */
  readonly identity: IdentitySource;
  readonly log: Logger;
  readonly clock: Clock;
  /** Asked at each call: whether a node was removed from the swarm though its certificate still holds. */
  readonly isRevoked?: (nodeId: string) => boolean;
}

/** The real transport: gRPC over mutual TLS 1.2 or later. */
export function grpcTransport(options: GrpcTransportOptions): Transport & AnonymousDialler {
  const { identity, log, clock, isRevoked = () => false } = options;
  // grpc-js would write to standard error by itself; what matters reaches our log as Faults.
  setLogVerbosity(logVerbosity.NONE);
  return {
    connect: address => new GrpcConnection(address, memberDialler(identity), clock),
    connectAnonymous: (address, trust) => new GrpcConnection(address, anonymousDialler(trust), clock),
    listen: (address, registrations) => GrpcListener.open(address, registrations, { identity, log, clock, isRevoked }),
  };
}
