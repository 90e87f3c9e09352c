import { create, type DescMessage, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { assert } from "../../lib/assert.ts";
import { Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { CallContext, Registration } from "../../ports/transport.ts";
import type { ByteWriter } from "../../wire/byte-writer.ts";
import { writeMessage } from "../../wire/message-encoder.ts";
import { definitionOf } from "../codec.ts";
import { forwardingInText, type StatedForwarding } from "../forwarding.ts";
import { FrameReader, FrameWriter } from "../frames.ts";
import { KeepAlive } from "../keep-alive.ts";
import { maxForwardedStreams, maxRequestBytes, maxResponseBytes } from "../limits.ts";
import { statusOf, thrownFault } from "../status.ts";
import type { Peer } from "../tls-listener.ts";
import { beginAnswer, type CallerFrame, callerFrame, callOverheadBytes, writeCallFrame } from "./call-frames.ts";

/** Milliseconds that a caller has to close its connection after it was refused. */
const lingerMs = 2_000;

type Handler = (request: Message, context: CallContext) => Promise<MessageInitShape<DescMethod["output"]>>;

type Call = CallerFrame & { readonly kind: "call" };

type WriteFrame = (writer: ByteWriter) => void;

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
  new FrameWriter(socket).send(writer => writeCallFrame(writer, { kind: "refusal" }));
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
    this.#writer = new FrameWriter(socket, () => this.#readOn());
    this.#alive = new KeepAlive(socket, options.clock);
    this.#writer.send(writer => writeCallFrame(writer, { kind: "greeting" }));
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

  #begin(call: Call): void {
    const over = new AbortController();
    this.#running.set(call.id, over);
    void this.#run(call, over.signal).then(write => {
      this.#running.delete(call.id);
      if (!over.signal.aborted) this.#send(call, write);
      this.#readOn();
    });
  }

  /** What writes the answer, or the failure: into what is sent, and not before, so that nothing has to be copied. */
  async #run({ id, path, forwarding, request }: Call, signal: AbortSignal): Promise<WriteFrame> {
    try {
      const served = this.#options.methods.get(path);
      if (!served) throw new Fault("unimplemented", `The server does not implement the method ${path}`);
      const { method, definition, handler } = served;
      const context = this.#options.enter(method, this.#peer, forwardingInText(forwarding), signal);
      const answer = create(method.output, await handler(requestIn(request, definition), context));
      return writer => writeAnswer(writer, id, method.output, answer);
    } catch (error) {
      return this.#failure(id, path, error);
    }
  }

  #send({ id, path }: Call, write: WriteFrame): void {
    try {
      this.#writer.send(write);
    } catch (error) {
      this.#writer.send(this.#failure(id, path, error));
    }
  }

  #failure(id: number, path: string, error: unknown): WriteFrame {
    const { code, details } = statusOf(thrownFault(error, path, this.#options.log));
    return writer => writeCallFrame(writer, { kind: "failure", id, code, text: details });
  }
}

/** Fault resource_exhausted for a message that is too long. */
function writeAnswer(writer: ByteWriter, id: number, schema: DescMessage, message: Message): void {
  beginAnswer(writer, id);
  const start = writer.size;
  writeMessage(writer, schema, message);
  const length = writer.size - start;
  if (length > maxResponseBytes)
    throw new Fault("resource_exhausted", `an answer of ${length} bytes, more than ${maxResponseBytes}`);
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
