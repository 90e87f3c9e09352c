import { create, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { assert } from "../../lib/assert.ts";
import { Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { CallContext, Registration } from "../../ports/transport.ts";
import { definitionOf } from "../codec.ts";
import { forwardingInText, type StatedForwarding } from "../forwarding.ts";
import { FrameReader, FrameWriter } from "../frames.ts";
import { KeepAlive } from "../keep-alive.ts";
import { maxForwardedStreams, maxRequestBytes, maxResponseBytes } from "../limits.ts";
import { statusOf, thrownFault } from "../status.ts";
import type { Peer } from "../tls-listener.ts";
import { type CalleeFrame, type CallerFrame, callerFrame, callOverheadBytes, encodeCallFrame } from "./call-frames.ts";

/** Milliseconds that a caller has to close its connection after it was refused. */
const lingerMs = 2_000;

type Handler = (request: Message, context: CallContext) => Promise<MessageInitShape<DescMethod["output"]>>;

interface Served {
  readonly method: DescMethod;
  readonly definition: ReturnType<typeof definitionOf>;
  readonly handler: Handler;
}

/** The methods with one request and one answer, by their paths. */
export type ServedMethods = ReadonlyMap<string, Served>;

export function servedMethods(registrations: readonly Registration[]): ServedMethods {
  const served = new Map<string, Served>();
  for (const { service, handlers } of registrations)
    for (const method of service.methods) {
      if (method.methodKind !== "unary") continue;
      const handler: unknown = Reflect.get(handlers, method.localName);
      assert(typeof handler === "function", `no handler for ${method}`);
      const definition = definitionOf(method);
      served.set(definition.path, { method, definition, handler: handler.bind(handlers) });
    }
  return served;
}

export interface CallServerOptions {
  readonly methods: ServedMethods;
  /** Lets a call in, or throws the Fault that it is refused with. */
  readonly enter: (method: DescMethod, peer: Peer, stated: StatedForwarding, signal: AbortSignal) => CallContext;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Serves the calls of one connection until it ends. Who is not known as a manager is sent away, to gRPC. */
export function serveCalls(peer: Peer, options: CallServerOptions): void {
  const { socket, caller } = peer;
  if (caller?.role === "manager") return void new CallServer(peer, options);
  new FrameWriter(socket).send(encodeCallFrame({ kind: "refusal" }));
  socket.resume();
  const timer = options.clock.after(lingerMs, () => socket.destroy());
  socket.on("close", () => timer.cancel());
}

class CallServer {
  readonly #peer: Peer;
  readonly #options: CallServerOptions;
  readonly #reader = new FrameReader(maxRequestBytes + callOverheadBytes);
  readonly #writer: FrameWriter;
  readonly #alive: KeepAlive;
  /** What ends each call under way, by its number. */
  readonly #running = new Map<number, AbortController>();

  constructor(peer: Peer, options: CallServerOptions) {
    const { socket } = peer;
    this.#peer = peer;
    this.#options = options;
    this.#writer = new FrameWriter(socket);
    this.#alive = new KeepAlive(socket, options.clock);
    this.#send({ kind: "greeting" });
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    socket.on("drain", () => this.#readOn());
    // Whoever says nothing more waits for nothing more.
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      this.#alive.stop();
      for (const over of this.#running.values()) over.abort(callerGone);
    });
  }

  #hear(chunk: Buffer): void {
    this.#alive.heard();
    try {
      for (const frame of this.#reader.read(chunk)) this.#take(callerFrame(frame));
    } catch (error) {
      this.#options.log.warn("a manager's calls cannot be read", { peer: this.#peer.endpoint, error });
      this.#peer.socket.destroy();
    }
    this.#readOn();
  }

  /** Who does not read its answers, or has too many calls open, is not listened to for the time being. */
  #readOn(): void {
    const { socket } = this.#peer;
    if (socket.writableNeedDrain || this.#running.size >= maxForwardedStreams) socket.pause();
    else if (socket.isPaused()) socket.resume();
  }

  #take(frame: CallerFrame): void {
    const running = this.#running.get(frame.id);
    if (frame.kind === "break") running?.abort(callerGone);
    else if (running) throw new Fault("invalid_argument", `two calls have the number ${frame.id}`);
    else this.#begin(frame);
  }

  #begin(call: CallerFrame & { kind: "call" }): void {
    const over = new AbortController();
    this.#running.set(call.id, over);
    void this.#run(call, over.signal).then(answer => {
      this.#running.delete(call.id);
      if (!over.signal.aborted) this.#send(answer);
      this.#readOn();
    });
  }

  async #run(
    { id, path, forwarding, request }: CallerFrame & { kind: "call" },
    signal: AbortSignal,
  ): Promise<CalleeFrame> {
    try {
      const served = this.#options.methods.get(path);
      if (!served) throw new Fault("unimplemented", `The server does not implement the method ${path}`);
      const { method, definition, handler } = served;
      const context = this.#options.enter(method, this.#peer, forwardingInText(forwarding), signal);
      const answer = await handler(requestIn(request, definition), context);
      const message = definition.responseSerialize(create(method.output, answer));
      if (message.length > maxResponseBytes)
        throw new Fault("resource_exhausted", `an answer of ${message.length} bytes, more than ${maxResponseBytes}`);
      return { kind: "answer", id, message };
    } catch (error) {
      const { code, details } = statusOf(thrownFault(error, path, this.#options.log));
      return { kind: "failure", id, code, text: details };
    }
  }

  #send(frame: CalleeFrame): void {
    this.#writer.send(encodeCallFrame(frame));
  }
}

function requestIn(bytes: Buffer, { requestDeserialize }: Served["definition"]): Message {
  try {
    return requestDeserialize(bytes);
  } catch (cause) {
    throw new Fault("invalid_argument", "Cannot read a request: it is not protobuf's", { cause });
  }
}

/** Why the calls of a connection that has ended, or that their caller has broken off, are aborted. */
const callerGone = new Fault("cancelled", "the caller is gone");
