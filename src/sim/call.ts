import { create, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Channel } from "../lib/channel.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { CallContext, Caller } from "../ports/transport.ts";
import type { SimPath } from "./path.ts";

/** What `create` takes for a message whose type is known only at run time. */
export type MessageInit = Record<string, unknown>;

/** Messages that may wait unread at a receiver before its sender is made to wait. */
const windowMessages = 16;

/** Both ends of one call over a simulated path: requests up, responses down, each with back-pressure. */
export class SimCall {
  readonly caller: Caller | undefined;
  readonly path: SimPath;
  readonly address: string;
  readonly responses = new Channel<Message>(windowMessages);
  readonly #method: DescMethod;
  readonly #requests = new Channel<Message>(windowMessages);
  readonly #server = new AbortController();
  readonly #over: Promise<void>;
  #tellOver: () => void = () => {};
  #isOver = false;
  /** What is told when the call ends before a message has arrived. */
  readonly #underWay = new Set<(arrived: boolean) => void>();

  constructor(method: DescMethod, address: string, path: SimPath, caller: Caller | undefined) {
    this.#method = method;
    this.address = address;
    this.path = path;
    this.caller = caller;
    this.#over = new Promise(resolve => {
      this.#tellOver = resolve;
    });
  }

  /** Resolves when nothing is to be expected of this call any more. */
  get over(): Promise<void> {
    return this.#over;
  }

  /** The caller's side: sends each request, then the end. */
  async send(requests: AsyncIterable<MessageInit>): Promise<void> {
    try {
      for await (const init of requests) {
        const message = travel(this.#method.input, init);
        if (!(await this.#carry(() => this.#requests.send(message)))) return;
      }
      this.path.deliver(() => this.#requests.close());
    } catch (error) {
      this.abandon(asFault(error));
    }
  }

  /** The server's side: runs the handler and sends what it answers. */
  async serve(handle: (input: unknown, context: CallContext) => unknown, peerAddress: string): Promise<void> {
    const context: CallContext = { caller: this.caller, peerAddress, signal: this.#server.signal };
    let fault: Fault | undefined;
    try {
      const kind = this.#method.methodKind;
      const input = kind === "client_streaming" ? this.#requests : await this.#requests.take();
      // Gone before its request came: there is nobody to answer.
      if (input === undefined) return;
      const answer = handle(input, context);
      if (kind === "server_streaming") await this.#stream(answer as AsyncIterable<MessageInit>);
      else await this.#respond((await answer) as MessageInit);
    } catch (error) {
      fault = asFault(error);
    }
    this.path.deliver(() => this.finish(fault));
  }

  /** The call is over for the caller, as the server said. */
  finish(fault?: Fault): void {
    this.responses.close(fault);
    this.#server.abort();
    this.#end();
  }

  /** The caller gives up; the server hears of it when the message arrives. */
  abandon(fault?: Fault): void {
    this.responses.close(fault);
    this.path.deliver(() => this.#hangUp());
  }

  /** The connection broke: both ends know at once. */
  cut(fault: Fault): void {
    this.responses.close(fault);
    this.#hangUp(fault);
  }

  #hangUp(fault?: Fault): void {
    this.#requests.close(fault ?? new Fault("cancelled", "the caller has gone away"));
    this.#server.abort();
    this.#end();
  }

  async #stream(answers: AsyncIterable<MessageInit>): Promise<void> {
    for await (const init of answers) if (!(await this.#respond(init))) break;
  }

  #respond(init: MessageInit): Promise<boolean> {
    const message = travel(this.#method.output, init);
    return this.#carry(() => this.responses.send(message));
  }

  /** Takes one message over the path and into the receiver's queue; false when the call ended instead. */
  #carry(arrive: () => Promise<boolean>): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    return new Promise(resolve => {
      const settle = (arrived: boolean): void => {
        this.#underWay.delete(settle);
        resolve(arrived);
      };
      this.#underWay.add(settle);
      this.path.deliver(() => void arrive().then(settle));
    });
  }

  #end(): void {
    this.#isOver = true;
    this.#tellOver();
    for (const settle of this.#underWay) settle(false);
  }
}

/** A message as the other end gets it: through bytes, so nothing is shared. */
function travel(schema: DescMethod["input"], init: MessageInit): Message {
  return fromBinary(schema, toBinary(schema, create(schema, init)));
}
