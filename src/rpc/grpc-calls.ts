import { create, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import type { ClientWritableStream, ServiceError } from "@grpc/grpc-js";
import { asFault } from "../lib/fault.ts";
import type { CallOptions, Client } from "../ports/transport.ts";
import { definitionOf } from "./codec.ts";
import type { RunningCall } from "./connection.ts";
import { forwardingMetadata } from "./forwarding.ts";

/** A method with what grpc-js is to know of it. */
interface Callable {
  readonly method: DescMethod;
  readonly definition: ReturnType<typeof definitionOf>;
}

/** What `create` takes for a message whose type is known only at run time. */
type Init = Record<string, unknown>;
type Begin = (options: CallOptions) => RunningCall;

/** A service's methods as functions over a connection. */
export function clientOf<S extends DescService>(service: S, begin: Begin): Client<S> {
  return Object.fromEntries(service.methods.map(method => [method.localName, callerOf(method, begin)])) as Client<S>;
}

function callerOf(method: DescMethod, begin: Begin): unknown {
  const callable = { method, definition: definitionOf(method) };
  const kind = method.methodKind;
  switch (kind) {
    case "unary":
      return (request: Init, options: CallOptions = {}) => unary(callable, begin, request, options);
    case "server_streaming":
      return (request: Init, options: CallOptions = {}) => serverStream(callable, begin, request, options);
    case "client_streaming":
      return (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        clientStream(callable, begin, requests, options);
    case "bidi_streaming":
      return undefined;
    default:
      return kind satisfies never;
  }
}

async function unary(callable: Callable, begin: Begin, request: Init, options: CallOptions): Promise<Message> {
  const { method, definition } = callable;
  const { path, requestSerialize, responseDeserialize } = definition;
  const message = create(method.input, request);
  const running = begin(options);
  const { channel, deadline } = running;
  try {
    return await new Promise((resolve, reject) => {
      const settle = settler(running, resolve, reject);
      const limits = { deadline };
      const call = channel.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        forwardingMetadata(options.forwarding),
        limits,
        settle,
      );
      running.attach(() => call.cancel());
    });
  } finally {
    running.end();
  }
}

async function* serverStream(
  { method, definition }: Callable,
  begin: Begin,
  request: Init,
  options: CallOptions,
): AsyncGenerator<Message, void> {
  const { path, requestSerialize, responseDeserialize } = definition;
  const message = create(method.input, request);
  const running = begin(options);
  const { channel, deadline } = running;
  const metadata = forwardingMetadata(options.forwarding);
  const limits = { deadline };
  const call = channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message, metadata, limits);
  running.attach(() => call.cancel());
  try {
    for await (const answer of call) yield answer;
  } catch (error) {
    throw isServiceError(error) ? running.fault(error) : asFault(error);
  } finally {
    call.cancel();
    running.end();
  }
}

async function clientStream(
  { method, definition }: Callable,
  begin: Begin,
  requests: AsyncIterable<Init>,
  options: CallOptions,
): Promise<Message> {
  const { path, requestSerialize, responseDeserialize } = definition;
  const running = begin(options);
  const { channel, deadline } = running;
  const feed = new Feed(method, requests);
  try {
    return await new Promise((resolve, reject) => {
      const settle = settler(running, resolve, reject);
      const limits = { deadline };
      const call = channel.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        forwardingMetadata(options.forwarding),
        limits,
        settle,
      );
      running.attach(() => call.cancel());
      feed.run(call).catch((error: unknown) => {
        reject(asFault(error));
        call.cancel();
      });
    });
  } finally {
    feed.stop();
    running.end();
  }
}

/** Sends the caller's messages as fast as the other side takes them, until they or the call end. */
class Feed {
  readonly #method: DescMethod;
  readonly #requests: AsyncIterator<Init>;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(method: DescMethod, requests: AsyncIterable<Init>) {
    this.#method = method;
    this.#requests = requests[Symbol.asyncIterator]();
  }

  async run(call: ClientWritableStream<Message>): Promise<void> {
    call.on("drain", () => this.#wake());
    for (let next = await this.#requests.next(); !next.done; next = await this.#requests.next()) {
      if (this.#stopped) return;
      if (call.write(create(this.#method.input, next.value))) continue;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
      if (this.#stopped) return;
    }
    call.end();
  }

  /** The call is over: lets go of the caller's messages. What letting go throws concerns nobody any more. */
  stop(): void {
    this.#stopped = true;
    this.#wake();
    this.#requests.return?.().catch(() => {});
  }
}

function settler(running: RunningCall, resolve: (answer: Message) => void, reject: (fault: unknown) => void) {
  return (error: ServiceError | null, answer?: Message): void => {
    if (answer) resolve(answer);
    else if (error) reject(running.fault(error));
  };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error;
}
