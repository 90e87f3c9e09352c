import type { ConnectionOptions } from "node:tls";
import type { DescService } from "@bufbuild/protobuf";
import { connectivityState, Client as GrpcClient, type ServiceError } from "@grpc/grpc-js";
import { onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import { type CallOptions, type Client, type Connection, NoConnection } from "../ports/transport.ts";
import { type DeliverResponse, Peers as PeersService } from "../wire/gen/shoal/v1/peers_pb.ts";
import { CallLine } from "./calls/call-line.ts";
import { withLine } from "./calls/line-calls.ts";
import { dialFault, dialFaultOf } from "./dial-failure.ts";
import type { Dialler } from "./dialler.ts";
import { clientOf } from "./grpc-calls.ts";
import { connectTimeoutMs } from "./limits.ts";
import { type DeliverRequests, deliverToPeer } from "./peers/peer-call.ts";
import { faultOf } from "./status.ts";

/** A call in flight, as far as it has to do with its connection. */
export interface RunningCall {
  readonly channel: GrpcClient;
  /** Wall time in milliseconds when it must be over; Infinity without a limit. */
  readonly deadline: number;
  /** Gives the means to end it; used at once when it is to end already. */
  attach(cancel: () => void): void;
  /** The Fault its caller is told for how it ended. */
  fault(error: ServiceError): Fault;
  /** It is over, whichever way. */
  end(): void;
}

/** A connection over which calls run. Made at the first call, remade when it breaks or the node's identity changes. */
export class GrpcConnection implements Connection {
  readonly address: string;
  readonly #dialler: Dialler;
  readonly #clock: Clock;
  /** What ends each running call. */
  readonly #running = new Set<() => void>();
  readonly #stopFollowing: () => void;
  readonly #line: CallLine | undefined;
  #channel: GrpcClient | undefined;
  #closed = false;

  constructor(address: string, dialler: Dialler, clock: Clock) {
    this.address = address;
    this.#dialler = dialler;
    this.#clock = clock;
    // Calls in flight go on over the old connection; the next one shows the new identity.
    this.#stopFollowing = dialler.onChange(() => {
      this.#release();
      this.#line?.retire();
    });
    const { amongManagers } = dialler;
    this.#line = amongManagers && new CallLine({ address, tls: amongManagers.tls, clock });
  }

  client<S extends DescService>(service: S): Client<S> {
    const client = clientOf(service, options => this.#begin(options));
    const { amongManagers } = this.#dialler;
    if (!amongManagers || !this.#line) return client;
    const calls = withLine(service, client, {
      line: this.#line,
      clock: this.#clock,
      isUsable: () => amongManagers.isManager(),
      track: end => this.#track(end),
      closed: maybeSent => closedFault(this.address, maybeSent),
    });
    return service.typeName === PeersService.typeName ? { ...calls, ...this.#peers(amongManagers.tls) } : calls;
  }

  close(): void {
    this.#closed = true;
    this.#stopFollowing();
    for (const end of [...this.#running]) end();
    this.#release();
    this.#line?.close();
  }

  /** Members of the quorum have a way of their own for what they tell each other. */
  #peers(tls: () => ConnectionOptions): Client<typeof PeersService> {
    const client = clientOf(PeersService, options => this.#begin(options));
    // What is asked for beyond the messages themselves only gRPC can carry; members of the quorum never do.
    const deliver = (requests: DeliverRequests, options?: CallOptions): Promise<DeliverResponse> =>
      options ? client.deliver(requests, options) : this.#deliver(tls(), requests);
    return { deliver };
  }

  #track(end: () => void): () => void {
    if (this.#closed) end();
    else this.#running.add(end);
    return () => this.#running.delete(end);
  }

  async #deliver(tls: ConnectionOptions, requests: DeliverRequests): Promise<DeliverResponse> {
    if (this.#closed) throw closedFault(this.address, false);
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#running.add(end);
    try {
      const { address } = this;
      return await deliverToPeer({ address, tls, clock: this.#clock, signal: over.signal }, requests);
    } finally {
      this.#running.delete(end);
    }
  }

  #release(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #begin({ signal, timeoutMs }: CallOptions): RunningCall {
    if (this.#closed) throw closedFault(this.address, false);
    if (signal?.aborted) throw cancelled();
    this.#channel ??= new GrpcClient(this.address, this.#dialler.credentials(), this.#dialler.options);
    const channel = this.#channel;
    let reason: Fault | undefined;
    let cancel: (() => void) | undefined;
    const stop = (why: Fault): void => {
      reason ??= why;
      cancel?.();
    };
    const end = (): void => stop(closedFault(this.address, mayBeSent(channel)));
    this.#running.add(end);
    const unhook = signal ? onAbort(signal, () => stop(cancelled())) : () => {};
    const unwatch = this.#limitConnecting(channel, stop);
    return {
      channel,
      deadline: timeoutMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() + timeoutMs,
      attach(how) {
        cancel = how;
        if (reason) how();
      },
      fault: error => reason ?? dialFaultOf(this.address, error) ?? faultOf(error),
      end: () => {
        this.#running.delete(end);
        unhook();
        unwatch();
      },
    };
  }

  /** grpc-js waits for a connection as long as the system does, which takes minutes for a host that is gone. */
  #limitConnecting(channel: GrpcClient, stop: (why: Fault) => void): () => void {
    if (isReady(channel)) return () => {};
    const timer = this.#clock.after(connectTimeoutMs, () => {
      if (!isReady(channel)) stop(dialFault(this.address, "timed out"));
    });
    return () => timer.cancel();
  }
}

function isReady(channel: GrpcClient): boolean {
  return channel.getChannel().getConnectivityState(false) === connectivityState.READY;
}

/** A call that was sent ends with its connection: what still runs while there is none was not sent. */
function mayBeSent(channel: GrpcClient): boolean {
  const { READY, SHUTDOWN } = connectivityState;
  // A channel that is shut down lets its calls run on.
  return [READY, SHUTDOWN].includes(channel.getChannel().getConnectivityState(false));
}

function closedFault(address: string, maybeSent: boolean): Fault {
  const text = `the connection to ${address} was closed`;
  return new Fault("unavailable", text, maybeSent ? {} : { cause: new NoConnection(text) });
}

function cancelled(): Fault {
  return new Fault("cancelled", "the call was cancelled");
}
