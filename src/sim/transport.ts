import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import {
  type CallContext,
  type Caller,
  type CallOptions,
  type Client,
  type Connection,
  type Listener,
  NoConnection,
  type Registration,
  type Transport,
} from "../ports/transport.ts";
import { authorizeForwarder } from "../rpc/roles.ts";
import { type MessageInit, SimCall } from "./call.ts";
import { SimLane } from "./lane.ts";
import { SimRandom } from "./random.ts";
import { fineWeather, type Weather } from "./weather.ts";

/** How long a silent lane is borne until its connections count as broken (keepalive, as `rpc/limits.ts` has it). */
export const keepaliveMs = 10_000;
const firstFreePort = 40_000;

/** Asked before each call is served; throws a Fault to refuse it. */
export type Authorize = (service: string, method: string, caller: Caller | undefined) => void;

export interface SimNetworkOptions {
  readonly clock: Clock;
  readonly authorize?: Authorize;
  /** Of jitter and weather. */
  readonly random?: Random;
  /** Shown every request that is sent, as it will be read. */
  readonly tap?: (method: DescMethod, message: Message) => void;
}

/** Hosts that call each other inside one process, over lanes that can be late, silent or cut. */
export class SimNetwork {
  weather: Weather = fineWeather;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #authorize: Authorize;
  readonly #tap: (method: DescMethod, message: Message) => void;
  readonly #lanes = new Map<string, SimLane>();
  readonly #listeners = new Map<string, readonly Registration[]>();
  readonly #calls = new Set<SimCall>();
  /** How often each host's program was killed. */
  readonly #deaths = new Map<string, number>();
  /** Calls with a dead end that nothing is heard of, by the lane that would tell the other end. */
  readonly #doomed = new Map<SimCall, SimLane>();
  #nextPort = firstFreePort;

  constructor(options: SimNetworkOptions) {
    this.#clock = options.clock;
    this.#random = options.random ?? new SimRandom();
    this.#authorize = options.authorize ?? (() => {});
    this.#tap = options.tap ?? (() => {});
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
    for (const call of this.#calls) {
      if (!call.touches(host)) continue;
      const farewell = call.there.from === host ? call.there : call.back;
      if (farewell.isHeld) this.#doomed.set(call, farewell);
      else call.cut(new Fault("unavailable", "the connection was reset"));
    }
  }

  /** Travel time between two hosts in milliseconds, either way: `ms`, and up to `jitterMs` more; 0 from the start. */
  delay(a: string, b: string, ms: number, jitterMs = 0): void {
    for (const lane of this.#between(a, b)) {
      lane.latencyMs = ms;
      lane.jitterMs = jitterMs;
    }
  }

  /** Nothing arrives any more between the two and nobody is told; connections break after the keepalive time. */
  partition(a: string, b: string, reason = "partition"): void {
    this.partitionOneWay(a, b, reason);
    this.partitionOneWay(b, a, reason);
  }

  /** As `partition`, but the other way everything arrives. */
  partitionOneWay(from: string, to: string, reason = "partition"): void {
    const lane = this.#lane(from, to);
    lane.hold(reason);
    for (const call of this.#calls) if (call.uses(lane)) this.#breakLater(call);
  }

  /** Ends partitions of that reason, both ways: what was held back arrives. */
  heal(a: string, b: string, reason = "partition"): void {
    for (const lane of this.#between(a, b)) {
      lane.release(reason);
      if (lane.isHeld) continue;
      this.#cutWhere(call => this.#doomed.get(call) === lane, "the connection was reset");
    }
  }

  /** Breaks the connections between two hosts now; new ones work (unless partitioned). */
  cut(a: string, b: string): void {
    const [there, back] = this.#between(a, b);
    this.#cutWhere(call => call.there === there || call.there === back, "the connection broke");
  }

  #between(a: string, b: string): readonly [SimLane, SimLane] {
    return [this.#lane(a, b), this.#lane(b, a)];
  }

  #lane(from: string, to: string): SimLane {
    const key = `${from} ${to}`;
    const found = this.#lanes.get(key) ?? new SimLane({ clock: this.#clock, random: this.#random, from, to });
    this.#lanes.set(key, found);
    return found;
  }

  #connect(host: string, caller: Caller | undefined, address: string, isAlive: () => boolean): Connection {
    const running = new Set<SimCall>();
    const invoke = (method: DescMethod, requests: AsyncIterable<MessageInit>, options?: CallOptions): SimCall => {
      const [there, back] = this.#between(host, hostOf(address));
      const call = new SimCall({ method, address, there, back, callerId: caller?.nodeId, tap: this.#tap });
      // A dead program's calls go nowhere and end never.
      if (!isAlive()) return call;
      running.add(call);
      void call.over.then(() => running.delete(call));
      this.#start(call, options);
      this.#send(call, method, caller, options);
      void call.send(requests);
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

  #start(call: SimCall, { signal, timeoutMs }: CallOptions = {}): void {
    this.#calls.add(call);
    void call.over.then(() => {
      this.#calls.delete(call);
      this.#doomed.delete(call);
    });
    if (call.isHeld) this.#breakLater(call);
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
  }

  /** Sends the call on its way, through the weather when it is one that needs a single answer. */
  #send(call: SimCall, method: DescMethod, caller: Caller | undefined, options?: CallOptions): void {
    const arrive = (): void => this.#arrive(call, method, caller, options);
    const { lostCalls, lostAnswers, lateMs, noticedMs } = this.weather;
    const isExposed = method.methodKind === "unary" && lostCalls + lostAnswers + lateMs > 0;
    if (!isExposed) {
      call.there.deliver(arrive);
      return;
    }
    const isLost = this.#random.float() < lostCalls;
    call.losesAnswer = this.#random.float() < lostAnswers;
    const timer = isLost
      ? this.#clock.after(noticedMs * this.#random.float(), () =>
          call.cut(new Fault("unavailable", "the connection broke")),
        )
      : this.#clock.after(lateMs * this.#random.float(), () => call.there.deliver(arrive));
    void call.over.then(() => timer.cancel());
  }

  #arrive(call: SimCall, method: DescMethod, caller: Caller | undefined, options?: CallOptions): void {
    const registrations = this.#listeners.get(call.address);
    if (!registrations) {
      const text = `${call.address} refused the connection`;
      call.back.deliver(() => call.cut(new Fault("unavailable", text, { cause: new NoConnection(text) })));
      return;
    }
    const registration = registrations.find(each => each.service.typeName === method.parent.typeName);
    const handlers = registration?.handlers;
    const handler: unknown = handlers && Reflect.get(handlers, method.localName);
    void call.serve((input, signal) => {
      const context = { ...origin(call, method, caller, options), signal };
      this.#authorize(method.parent.typeName, method.name, context.caller);
      if (typeof handler !== "function") throw new Fault("unimplemented", `nothing serves ${method.name}`);
      return handler.call(handlers, input, context);
    });
  }

  #breakLater(call: SimCall): void {
    const timer = this.#clock.after(keepaliveMs, () => {
      if (call.isHeld) call.cut(new Fault("unavailable", `${call.address} does not answer`));
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
        this.#cutWhere(call => call.address === address && call.callerId === nodeId, "disconnected"),
      close: async () => {
        this.#listeners.delete(address);
        this.#cutWhere(call => call.address === address, "the server has stopped");
      },
    };
  }
}

/** Whose call it is. As with the real transport, a manager alone is believed to pass on another's. */
function origin(
  call: SimCall,
  method: DescMethod,
  caller: Caller | undefined,
  options?: CallOptions,
): Omit<CallContext, "signal"> {
  if (!options?.forwarding) return { caller, peerAddress: call.there.from };
  const { nodeId: forwardedBy } = authorizeForwarder(method, caller, caller?.clusterId ?? "");
  return { ...options.forwarding, forwardedBy };
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
