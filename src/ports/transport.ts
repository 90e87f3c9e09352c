import type {
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";

/** Who is at the other end of a call, read from its verified certificate and from nothing else. */
export interface Caller {
  readonly nodeId: string;
  readonly role: "manager" | "worker";
  readonly clusterId: string;
}

/** Whose call a manager passes on to the leader. */
export interface Forwarding {
  /** Undefined for somebody without a certificate. */
  readonly caller: Caller | undefined;
  /** IP address that the call came from. */
  readonly peerAddress: string;
}

export interface CallContext {
  /**
   * Undefined for a caller without a certificate (joining nodes). Of a call that a manager passed on: whom that manager
   * had at its other end.
   */
  readonly caller: Caller | undefined;
  /** The caller's IP address, for logs and rate limits. */
  readonly peerAddress: string;
  /** Node id of the manager that passed the call on; absent when its caller called here itself. */
  readonly forwardedBy?: string;
  /** Aborts when the caller goes away or the connection breaks. */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with deadline_exceeded. */
  readonly timeoutMs?: number;
  /** The call is made for somebody else. Callees refuse it with permission_denied unless this node is a manager. */
  readonly forwarding?: Forwarding;
}

/** The cause of a Fault unavailable with which a call ended that reached nobody: there was no connection to send it on. */
export class NoConnection extends Error {
  override readonly name: string = "NoConnection";
}

/** Whether a failed call certainly reached nobody, so that it may be made again elsewhere whatever it asks for. */
export function wasNotSent(error: unknown): boolean {
  return error instanceof Fault && error.cause instanceof NoConnection;
}

/** What a server provides for a service: one function a method. Faults thrown travel to the caller with their code. */
export type Handlers<S extends DescService> = {
  readonly [K in keyof S["method"]]: S["method"][K] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: CallContext) => Promise<MessageInitShape<O>>
    : S["method"][K] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
      : S["method"][K] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => Promise<MessageInitShape<O>>
        : never;
};

/** What a caller sees of a service. Failures reject (or end the iteration) with Fault. */
export type Client<S extends DescService> = {
  readonly [K in keyof S["method"]]: S["method"][K] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : S["method"][K] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : S["method"][K] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
        : never;
};

/** A service and its handlers, as a list element. */
export interface Registration {
  readonly service: DescService;
  readonly handlers: object;
}

/** Ties handlers to their service with the types checked. */
export function register<S extends DescService>(service: S, handlers: Handlers<S>): Registration {
  return { service, handlers };
}

/** A connection to one address. It dials on first use and redials by itself; calls fail with unavailable meanwhile. */
export interface Connection {
  readonly address: string;
  client<S extends DescService>(service: S): Client<S>;
  /** Ends running calls with unavailable. */
  close(): void;
}

/** The door to the other nodes: gRPC over mutual TLS (`rpc/`), or the simulated network (`sim/`). */
export interface Transport {
  /** `address` is HOST:PORT. */
  connect(address: string): Connection;
  /** Serves `registrations` on HOST:PORT; a port of 0 takes a free one. */
  listen(address: string, registrations: readonly Registration[]): Promise<Listener>;
}

export interface Listener {
  /** HOST:PORT that is really listened on. */
  readonly address: string;
  /** Cuts every connection of that node: its role or membership has ended. */
  disconnect(nodeId: string): void;
  close(): Promise<void>;
}
