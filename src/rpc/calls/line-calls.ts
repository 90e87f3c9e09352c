import { create, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import { onAbort } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallOptions, Client } from "../../ports/transport.ts";
import { definitionOf } from "../codec.ts";
import { forwardingText } from "../forwarding.ts";
import { maxRequestBytes } from "../limits.ts";
import type { CallLine } from "./call-line.ts";
import type { CallLink } from "./call-link.ts";

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
    const call = { path, forwarding: forwardingText(callOptions.forwarding), request };
    const answer = await answerTo(call, options, callOptions);
    return answer === undefined ? overGrpc(init, callOptions) : responseDeserialize(answer);
  };
}

type Sent = Parameters<CallLink["send"]>[0];

/** The answer; undefined when the call has to go by gRPC. */
function answerTo(
  call: Sent,
  { line, clock, track, closed }: LineCallsOptions,
  { signal, timeoutMs }: CallOptions,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let isSent = false;
    let breakOff = (): void => {};
    const releases: (() => void)[] = [];
    const end = (): void => {
      isOver = true;
      for (const release of releases) release();
    };
    const answered = (message: Buffer | undefined): void => {
      end();
      resolve(message);
    };
    const failed = (fault: Fault): void => {
      end();
      reject(fault);
    };
    const stop = (why: Fault): void => {
      if (isOver) return;
      breakOff();
      failed(why);
    };
    const send = (link: CallLink | undefined): void => {
      if (isOver) return;
      isSent = link !== undefined;
      if (link) breakOff = link.send(call, { answered, failed });
      else answered(undefined);
    };
    releases.push(track(() => stop(closed(isSent))));
    if (isOver) return;
    if (timeoutMs !== undefined) {
      const timer = clock.after(timeoutMs, () => stop(new Fault("deadline_exceeded", `no answer in ${timeoutMs} ms`)));
      releases.push(() => timer.cancel());
    }
    if (signal) releases.push(onAbort(signal, () => stop(new Fault("cancelled", "the call was cancelled"))));
    if (line.ready) send(line.ready);
    else line.link().then(send, (error: unknown) => stop(asFault(error)));
  });
}
