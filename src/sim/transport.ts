import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller, CallOptions, Client, Connection, Listener, Registration, Transport } from "../ports/transport.ts";
import { type MessageInit, SimCall } from "./call.ts";
import { SimPath } from "./path.ts";

/** How long a silent path is borne until its connections count as broken (keepalive). */
const keepaliveMs = 20_000;
const firstFreePort = 40_000;

/** Asked before each call is served; throws a Fault to refuse it. */
export type Authorize = (service: string, method: string, caller: Caller | undefined) => void;

/** Hosts that call each other inside one process, over paths that can be late, silent or cut. */
export class SimNetwork {
  readonly #clock: Clock;
  readonly #authorize: Authorize;
  readonly #paths = new Map<string, SimPath>();
  readonly #listeners = new Map<string, readonly Registration[]>();
  readonly #calls = new Set<SimCall>();
  /** How often each host's program was killed. */
  readonly #deaths = new Map<string, number>();
  /** Calls with a dead end, behind a partition: the other end learns of it when that heals. */
  readonly #doomed = new Set<SimCall>();
  #nextPort = firstFreePort;

  constructor(options: { clock: Clock; authorize?: Authorize }) {
    this.#clock = options.clock;
    this.#authorize = options.authorize ?? (() => {});
  }

  /** The door to this network for the host `host` (an IP address), identifying itself as `caller`. */
  transport(host: string, caller?: Caller): Transport {
    const deaths = this.#deaths.get(host);
    const isAlive = (): boolean => this.#deaths.get(host) === deaths;
    return {
      connect: address => this.#connect(host, caller, address, isAlive),
      listen: (address, registrations) =>
        isAlive() ? this.#listen(address, registrations) : new Promise<never>(() => {}),
    };
  }

  /** Calls under way, streams among them. */
  get calls(): number {
    return this.#calls.size;
  }

  /**
   * The host's program is killed: its connections break, those behind a partition when that heals, and nothing is
   * listened on any more. Transports given to it before are dead.
   */
  kill(host: string): void {
    this.#deaths.set(host, (this.#deaths.get(host) ?? 0) + 1);
    for (const address of this.#listeners.keys()) if (hostOf(address) === host) this.#listeners.delete(address);
    for (const call of this.#calls) if (call.path.ends.includes(host) && call.path.isHeld) this.#doomed.add(call);
    this.#cutWhere(call => call.path.ends.includes(host) && !call.path.isHeld, "the connection was reset");
  }

  /** One-way travel time between two hosts in milliseconds; 0 from the start. */
  delay(a: string, b: string, ms: number): void {
    this.#path(a, b).latencyMs = ms;
  }

  /** Nothing arrives any more between the two and nobody is told; connections break after the keepalive time. */
  partition(a: string, b: string): void {
    const path = this.#path(a, b);
    path.hold();
    for (const call of this.#calls) if (call.path === path) this.#breakLater(call);
  }

  /** Ends a partition: what was held back arrives. */
  heal(a: string, b: string): void {
    const path = this.#path(a, b);
    path.release();
    this.#cutWhere(call => call.path === path && this.#doomed.has(call), "the connection was reset");
  }

  /** Breaks the connections between two hosts now; new ones work (unless partitioned). */
  cut(a: string, b: string): void {
    const path = this.#path(a, b);
    this.#cutWhere(call => call.path === path, "the connection broke");
  }

  #path(a: string, b: string): SimPath {
    const key = [a, b].sort().join(" ");
    const found = this.#paths.get(key) ?? new SimPath(this.#clock, [a, b]);
    this.#paths.set(key, found);
    return found;
  }

  #connect(host: string, caller: Caller | undefined, address: string, isAlive: () => boolean): Connection {
    const running = new Set<SimCall>();
    const invoke = (method: DescMethod, requests: AsyncIterable<MessageInit>, options?: CallOptions): SimCall => {
      const call = new SimCall(method, address, this.#path(host, hostOf(address)), caller);
      // A dead program's calls go nowhere and end never.
      if (!isAlive()) return call;
      running.add(call);
      void call.over.then(() => running.delete(call));
      this.#start(call, method, host, requests, options);
      return call;
    };
    return {
      address,
      client: service => clientOf(service, invoke),
      close: () => {
        for (const call of running) call.abandon(new Fault("unavailable", "the connection was closed"));
      },
    };
  }

  #start(
    call: SimCall,
    method: DescMethod,
    host: string,
    requests: AsyncIterable<MessageInit>,
    options?: CallOptions,
  ): void {
    this.#calls.add(call);
    void call.over.then(() => {
      this.#calls.delete(call);
      this.#doomed.delete(call);
    });
    if (call.path.isHeld) this.#breakLater(call);
    const { signal, timeoutMs } = options ?? {};
    const stop = (): void => call.abandon(new Fault("cancelled", "the call was cancelled"));
    const unhook = signal && onAbort(signal, stop);
    const timer =
      timeoutMs !== undefined &&
      this.#clock.after(timeoutMs, () =>
        call.abandon(new Fault("deadline_exceeded", `no answer from ${call.address} within ${timeoutMs} ms`)),
      );
    void call.over.then(() => {
      unhook?.();
      if (timer) timer.cancel();
    });
    call.path.deliver(() => this.#arrive(call, method, host));
    void call.send(requests);
  }

  #arrive(call: SimCall, method: DescMethod, host: string): void {
    const registrations = this.#listeners.get(call.address);
    if (!registrations) {
      call.cut(new Fault("unavailable", `${call.address} refused the connection`));
      return;
    }
    const registration = registrations.find(each => each.service.typeName === method.parent.typeName);
    const handlers = registration?.handlers;
    const handler: unknown = handlers && Reflect.get(handlers, method.localName);
    void call.serve((input, context) => {
      this.#authorize(method.parent.typeName, method.name, call.caller);
      if (typeof handler !== "function") throw new Fault("unimplemented", `nothing serves ${method.name}`);
      return handler.call(handlers, input, context);
    }, host);
  }

  #breakLater(call: SimCall): void {
    const timer = this.#clock.after(keepaliveMs, () => {
      if (call.path.isHeld) call.cut(new Fault("unavailable", `${call.address} does not answer`));
    });
    void call.over.then(() => timer.cancel());
  }

  #cutWhere(matches: (call: SimCall) => boolean, reason: string): void {
    for (const call of this.#calls) if (matches(call)) call.cut(new Fault("unavailable", reason));
  }

  async #listen(wanted: string, registrations: readonly Registration[]): Promise<Listener> {
    const address = wanted.endsWith(":0") ? `${hostOf(wanted)}:${this.#nextPort++}` : wanted;
    if (this.#listeners.has(address)) throw new Fault("failed_precondition", `${address} is in use already`);
    this.#listeners.set(address, registrations);
    return {
      address,
      disconnect: nodeId =>
        this.#cutWhere(call => call.address === address && call.caller?.nodeId === nodeId, "disconnected"),
      close: async () => {
        this.#listeners.delete(address);
        this.#cutWhere(call => call.address === address, "the server has stopped");
      },
    };
  }
}

type Invoke = (method: DescMethod, requests: AsyncIterable<MessageInit>, options?: CallOptions) => SimCall;

function clientOf<S extends DescService>(service: S, invoke: Invoke): Client<S> {
  const methods = service.methods.map(method => [method.localName, callerOf(method, invoke)]);
  return Object.fromEntries(methods) as Client<S>;
}

function callerOf(method: DescMethod, invoke: Invoke): unknown {
  switch (method.methodKind) {
    case "unary":
      return (request: MessageInit, options?: CallOptions) => answerOf(invoke(method, one(request), options));
    case "client_streaming":
      return (requests: AsyncIterable<MessageInit>, options?: CallOptions) =>
        answerOf(invoke(method, requests, options));
    case "server_streaming":
      return (request: MessageInit, options?: CallOptions) => answersOf(invoke(method, one(request), options));
    case "bidi_streaming":
      return undefined;
  }
}

async function answerOf(call: SimCall): Promise<Message> {
  const answer = await call.responses.take();
  if (answer === undefined) throw new Fault("internal", `${call.address} ended the call without an answer`);
  return answer;
}

async function* answersOf(call: SimCall): AsyncGenerator<Message, void> {
  try {
    yield* call.responses;
  } finally {
    call.abandon();
  }
}

async function* one(request: MessageInit): AsyncGenerator<MessageInit, void> {
  yield request;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}
