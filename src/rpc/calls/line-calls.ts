import { create, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import { onAbort } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { CallOptions, Client } from "../../ports/transport.ts";
import { definitionOf } from "../codec.ts";
import { forwardingText } from "../forwarding.ts";
import { maxRequestBytes } from "../limits.ts";
import type { CallLine } from "./call-line.ts";
import type { CallLink, Outcome } from "./call-link.ts";

type Init = Record<string, unknown>;
type Unary = (request: Init, options?: CallOptions) => Promise<Message>;

/** What calls need of their connection. */
export interface LineCallsOptions {
  readonly line: CallLine;
  readonly clock: Clock;
  /** Whether the line is to be used now. */
  readonly isUsable: () => boolean;
  /** Has `end` called when the connection is closed, at once when it is; gives what takes that back. */
  readonly track: (end: () => void) => () => void;
  /** What a call ends with whose connection is closed. */
  readonly closed: (maybeSent: boolean) => Fault;
}

/**
 * A service's methods of which those with one request and one answer take the line where the other side knows it, and the others
 * `overGrpc`. So do lists: they can be long, and on the line every answer waits for those before it.
 */
export function withLine<S extends DescService>(service: S, overGrpc: Client<S>, options: LineCallsOptions): Client<S> {
  const quick = service.methods
    .filter(method => method.methodKind === "unary" && !method.localName.startsWith("list"))
    .map(
      method =>
        [method.localName, callerOf(method, Reflect.get(overGrpc, method.localName) as Unary, options)] as const,
    );
  return { ...overGrpc, ...Object.fromEntries(quick) };
}

function callerOf(method: DescMethod, overGrpc: Unary, options: LineCallsOptions): Unary {
  const { path, requestSerialize, responseDeserialize } = definitionOf(method);
  return async (init, callOptions = {}) => {
    if (!options.isUsable()) return overGrpc(init, callOptions);
    const request = requestSerialize(create(method.input, init));
    if (request.length > maxRequestBytes)
      throw new Fault("resource_exhausted", `a message of ${request.length} bytes, more than ${maxRequestBytes}`);
    const sent = { path, forwarding: forwardingText(callOptions.forwarding), request };
    const call = new RunningCall(sent, options, callOptions);
    const answer = await call.answer;
    return answer === undefined ? overGrpc(init, callOptions) : responseDeserialize(answer);
  };
}

const doNothing = (): void => {};

type Sent = Parameters<CallLink["send"]>[0];

/** A call on its way, until it is answered, has failed, or is broken off. */
class RunningCall implements Outcome {
  /** Undefined when the call has to go by gRPC. */
  readonly answer: Promise<Buffer | undefined>;
  #resolve: (answer: Buffer | undefined) => void = doNothing;
  #reject: (fault: Fault) => void = doNothing;
  #untrack = doNothing;
  #unhook = doNothing;
  #timer: Timer | undefined;
  /** Takes the call back from the link that it went out by. */
  #breakOff: (() => void) | undefined;
  #isOver = false;

  constructor(
    call: Sent,
    { line, clock, track, closed }: LineCallsOptions,
    { signal, timeoutMs }: Pick<CallOptions, "signal" | "timeoutMs">,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#untrack = track(() => this.#stop(closed(this.#breakOff !== undefined)));
    if (this.#isOver) return;
    if (timeoutMs !== undefined)
      this.#timer = clock.after(timeoutMs, () => {
        this.#stop(new Fault("deadline_exceeded", `no answer in ${timeoutMs} ms`));
      });
    if (signal)
      this.#unhook = onAbort(signal, () => {
        this.#stop(new Fault("cancelled", "the call was cancelled"));
      });
    if (line.ready) this.#send(line.ready, call);
    else void this.#sendLater(line, call);
  }

  answered(message: Buffer | undefined): void {
    this.#end();
    this.#resolve(message);
  }

  failed(fault: Fault): void {
    this.#end();
    this.#reject(fault);
  }

  async #sendLater(line: CallLine, call: Sent): Promise<void> {
    try {
      this.#send(await line.link(), call);
    } catch (error) {
      this.#stop(asFault(error));
    }
  }

  #send(link: CallLink | undefined, call: Sent): void {
    if (this.#isOver) return;
    if (link) this.#breakOff = link.send(call, this);
    else this.answered(undefined);
  }

  #stop(why: Fault): void {
    if (this.#isOver) return;
    this.#breakOff?.();
    this.failed(why);
  }

  #end(): void {
    this.#isOver = true;
    this.#untrack();
    this.#unhook();
    this.#timer?.cancel();
  }
}
