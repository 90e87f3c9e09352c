import type { DescMethod } from "@bufbuild/protobuf";
import { type ChannelOptions, type ConnectionInjector, Server, ServerCredentials } from "@grpc/grpc-js";
import { Fault } from "../lib/fault.ts";
import type { IdentitySource } from "../pki/live-identity.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { CallContext, Caller, Handlers, Listener, Registration } from "../ports/transport.ts";
import { Peers as PeersService } from "../wire/gen/shoal/v1/peers_pb.ts";
import { callProtocol } from "./calls/call-frames.ts";
import { type ServedMethods, serveCalls, servedMethods } from "./calls/call-server.ts";
import { callEndpoint, guardEntrance } from "./entrance.ts";
import { forwardingOf, type StatedForwarding } from "./forwarding.ts";
import { type IncomingCall, implementationOf, type Surroundings } from "./handlers.ts";
import * as limits from "./limits.ts";
import { servePeer } from "./peers/peer-server.ts";
import { PeerStream } from "./peers/peer-stream.ts";
import { peerProtocol } from "./peers/peer-wire.ts";
import { authorize, authorizeForwarder } from "./roles.ts";
import { type Peer, TlsListener } from "./tls-listener.ts";

export interface ListenOptions {
  readonly identity: IdentitySource;
  readonly log: Logger;
  readonly clock: Clock;
  /** Whether a node was removed from the swarm though its certificate still holds. */
  readonly isRevoked: (nodeId: string) => boolean;
}

const memberOptions: ChannelOptions = {
  "grpc.max_receive_message_length": limits.maxRequestBytes,
  "grpc.max_send_message_length": -1,
  "grpc.max_concurrent_streams": limits.maxConcurrentStreams,
  "grpc.keepalive_time_ms": limits.keepaliveTimeMs,
  "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
  "grpc.enable_channelz": 0,
};

const managerOptions: ChannelOptions = {
  ...memberOptions,
  "grpc.max_concurrent_streams": limits.maxForwardedStreams,
};

const strangerOptions: ChannelOptions = {
  ...memberOptions,
  "grpc.max_receive_message_length": limits.maxStrangerRequestBytes,
  "grpc.max_concurrent_streams": limits.maxStrangerStreams,
  "grpc.max_connection_idle_ms": limits.strangerIdleMs,
};

/**
 * One address where a node serves others. Behind the TLS listener stand three gRPC servers with the same services, each with
 * its limits: for managers, for other members of the swarm, and narrow ones for callers without a certificate. Managers
 * have two more ways to come in, for what gRPC is too slow for.
 */
export class GrpcListener implements Listener {
  readonly #options: ListenOptions;
  readonly #managers: Front;
  readonly #members: Front;
  readonly #strangers: Front;
  readonly #methods: ServedMethods;
  #tls: TlsListener | undefined;

  private constructor(options: ListenOptions, registrations: readonly Registration[]) {
    this.#options = options;
    const surroundings: Surroundings = { door: this.#enter.bind(this), log: options.log, clock: options.clock };
    this.#managers = front(registrations, managerOptions, surroundings);
    this.#members = front(registrations, memberOptions, surroundings);
    this.#strangers = front(registrations, strangerOptions, surroundings);
    this.#methods = servedMethods(registrations);
  }

  /** Serves on HOST:PORT. Rejects with a Fault that names the address. */
  static async open(
    address: string,
    registrations: readonly Registration[],
    options: ListenOptions,
  ): Promise<GrpcListener> {
    const { identity, log } = options;
    const listener = new GrpcListener(options, registrations);
    listener.#tls = await TlsListener.open({
      address,
      identity,
      log,
      accept: peer => listener.#accept(peer, registrations),
    });
    return listener;
  }

  get address(): string {
    return this.#tls?.address ?? "";
  }

  disconnect(nodeId: string): void {
    this.#tls?.disconnect(nodeId);
  }

  async close(): Promise<void> {
    await this.#tls?.close();
    for (const { server } of [this.#managers, this.#members, this.#strangers]) server.forceShutdown();
  }

  #accept(peer: Peer, registrations: readonly Registration[]): void {
    const { socket, caller, endpoint } = peer;
    if (socket.alpnProtocol === peerProtocol) this.#servePeer(peer, registrations);
    else if (socket.alpnProtocol === callProtocol) this.#serveCalls(peer);
    else this.#frontFor(caller).injector.injectConnection(new PeerStream(socket, endpoint));
  }

  #serveCalls(peer: Peer): void {
    const { log, clock } = this.#options;
    serveCalls(peer, { methods: this.#methods, enter: this.#admit.bind(this), log, clock });
  }

  /** A member of the quorum that speaks its own protocol. */
  #servePeer(peer: Peer, registrations: readonly Registration[]): void {
    const { log, clock } = this.#options;
    const handlers = registrations.find(({ service }) => service.typeName === PeersService.typeName)?.handlers;
    if (!handlers) return void peer.socket.destroy();
    const enter = (from: Peer, signal: AbortSignal): CallContext => {
      const clusterId = this.#options.identity.current()?.clusterId ?? "";
      const caller = this.#known(authorize(PeersService.method.deliver, from.caller, clusterId));
      return { caller, peerAddress: from.address, signal };
    };
    void servePeer(peer, { handlers: handlers as Handlers<typeof PeersService>, enter, log, clock });
  }

  #frontFor(caller: Caller | undefined): Front {
    if (!caller) return this.#strangers;
    return caller.role === "manager" ? this.#managers : this.#members;
  }

  /** A gRPC call: finds out by which connection it came. */
  #enter(method: DescMethod, call: IncomingCall, signal: AbortSignal): CallContext {
    return this.#admit(method, this.#tls?.peer(callEndpoint(call.metadata)), forwardingOf(call.metadata), signal);
  }

  /** Finds out who calls and whether they may. Every call comes through here before its handler. */
  #admit(
    method: DescMethod,
    peer: Peer | undefined,
    { forwarded, forwarding }: StatedForwarding,
    signal: AbortSignal,
  ): CallContext {
    const clusterId = this.#options.identity.current()?.clusterId;
    if (!peer || clusterId === undefined) throw new Fault("unavailable", "the connection is closing");
    if (!forwarded) {
      const caller = this.#known(authorize(method, peer.caller, clusterId));
      return { caller, peerAddress: peer.address, signal };
    }
    // Who passes a call on must be believed before a word of what it says of the caller is.
    const { nodeId: forwardedBy } = this.#known(authorizeForwarder(method, peer.caller, clusterId));
    const { caller: original, peerAddress } = forwarding();
    const caller = this.#known(authorize(method, original, clusterId));
    return { caller, peerAddress, forwardedBy, signal };
  }

  /** The caller, unless it was removed from the swarm. */
  #known<T extends Caller | undefined>(caller: T): T {
    if (caller && this.#options.isRevoked(caller.nodeId))
      throw new Fault("permission_denied", `Permission denied: node ${caller.nodeId} was removed from the swarm`);
    return caller;
  }
}

interface Front {
  readonly server: Server;
  readonly injector: ConnectionInjector;
}

function front(registrations: readonly Registration[], options: ChannelOptions, surroundings: Surroundings): Front {
  const server = new Server(options);
  for (const registration of registrations) {
    const { definition, implementation } = implementationOf(registration, surroundings);
    server.addService(definition, implementation);
  }
  guardEntrance(server);
  // TLS is done by the time a connection gets here.
  return { server, injector: server.createConnectionInjector(ServerCredentials.createInsecure()) };
}
