import { create, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type {
  Metadata,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { assert } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { CallContext, Registration } from "../ports/transport.ts";
import { definitionOf } from "./codec.ts";
import { endGraceMs } from "./limits.ts";
import { statusOf, thrownFault } from "./status.ts";

type Init = MessageInitShape<DescMethod["output"]>;
type UnaryHandler = (request: Message, context: CallContext) => Promise<Init>;
type ServerStreamHandler = (request: Message, context: CallContext) => AsyncIterable<Init>;
type ClientStreamHandler = (requests: AsyncIterable<Message>, context: CallContext) => Promise<Init>;

/** What every kind of call of grpc-js has in common. */
export interface IncomingCall {
  readonly metadata: Metadata;
  on(event: "cancelled", run: () => void): unknown;
}

/**
 * Decides about an incoming call and says what its handler gets to know, or throws the Fault it is refused with. This
 * is the one place that every call passes before its handler.
 */
export type Door = (method: DescMethod, call: IncomingCall, signal: AbortSignal) => CallContext;

export interface Surroundings {
  readonly door: Door;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Why a call's signal is aborted, which it is at the end of each call. One for all: without a reason, one is made, with its stack. */
const callOver = new Fault("cancelled", "the call is over");

/** A service in grpc-js's terms: each method passes the door, then runs its handler. */
export function implementationOf(
  { service, handlers }: Registration,
  surroundings: Surroundings,
): { definition: ServiceDefinition; implementation: UntypedServiceImplementation } {
  const definition: Record<string, ReturnType<typeof definitionOf>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const handler: unknown = Reflect.get(handlers, method.localName);
    assert(typeof handler === "function", `no handler for ${method}`);
    definition[method.localName] = definitionOf(method);
    implementation[method.localName] = adapter(method, handler.bind(handlers), surroundings);
  }
  return { definition, implementation };
}

// biome-ignore lint/complexity/noBannedTypes: a registration keeps its handlers' types to itself; `register` checked them
function adapter(method: DescMethod, handler: Function, { door, log, clock }: Surroundings): UntypedHandleCall {
  const enter = (call: IncomingCall): CallContext => {
    const controller = new AbortController();
    call.on("cancelled", () => controller.abort(callOver));
    return door(method, call, controller.signal);
  };
  const refuse = (error: unknown) => statusOf(thrownFault(error, method.toString(), log));
  const kind = method.methodKind;
  switch (kind) {
    case "unary":
      return unary(method, handler as UnaryHandler, enter, refuse);
    case "server_streaming":
      return serverStream(method, handler as ServerStreamHandler, enter, refuse);
    case "client_streaming":
      return clientStream(method, handler as ClientStreamHandler, enter, refuse, clock);
    case "bidi_streaming":
      throw new Fault("unimplemented", `Cannot serve ${method}: streams both ways are not part of the protocol`);
    default:
      return kind satisfies never;
  }
}

type Enter = (call: IncomingCall) => CallContext;
type Refuse = (error: unknown) => ReturnType<typeof statusOf>;

function unary(method: DescMethod, handler: UnaryHandler, enter: Enter, refuse: Refuse) {
  return async (call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>): Promise<void> => {
    try {
      answer(null, create(method.output, await handler(call.request, enter(call))));
    } catch (error) {
      answer(refuse(error));
    }
  };
}

function clientStream(method: DescMethod, handler: ClientStreamHandler, enter: Enter, refuse: Refuse, clock: Clock) {
  return async (call: ServerReadableStream<Message, Message>, answer: sendUnaryData<Message>): Promise<void> => {
    try {
      const context = enter(call);
      answer(null, create(method.output, await handler(received(call, context, clock), context)));
    } catch (error) {
      answer(refuse(error));
    }
  };
}

/**
 * The messages of a stream as they come; reading on is what lets the caller send on. A Node caller that breaks off ends
 * its HTTP/2 stream first and resets it right after (nodejs: Http2Stream.close), so an end is believed only when no
 * reset follows at once. A handler to which a cut stream would do harm must look for an end mark in the messages.
 */
async function* received(
  call: ServerReadableStream<Message, Message>,
  { signal }: CallContext,
  clock: Clock,
): AsyncIterable<Message> {
  let cause: unknown;
  try {
    for await (const message of call) yield message;
    await sleep(clock, endGraceMs, signal);
  } catch (error) {
    cause = error;
  }
  if (signal.aborted || cause !== undefined) throw new Fault("cancelled", "the caller broke off its stream", { cause });
}

function serverStream(method: DescMethod, handler: ServerStreamHandler, enter: Enter, refuse: Refuse) {
  return async (call: ServerWritableStream<Message, Message>): Promise<void> => {
    try {
      const context = enter(call);
      for await (const message of handler(call.request, context)) {
        if (context.signal.aborted) return;
        if (!call.write(create(method.output, message))) await drained(call);
      }
      call.end();
    } catch (error) {
      if (!call.cancelled) call.emit("error", refuse(error));
    }
  };
}

/** Resolves when the stream takes more, or never will again. */
function drained(call: ServerWritableStream<Message, Message>): Promise<void> {
  if (call.cancelled || call.destroyed) return Promise.resolve();
  return new Promise(resolve => {
    const events = ["drain", "cancelled", "close"];
    const done = () => {
      for (const event of events) call.off(event, done);
      resolve();
    };
    for (const event of events) call.on(event, done);
  });
}
