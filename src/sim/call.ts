import { create, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Channel } from "../lib/channel.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { SimLane } from "./lane.ts";

/** What `create` takes for a message whose type is known only at run time. */
export type MessageInit = Record<string, unknown>;

/** Messages that may wait unread at a receiver before its sender is made to wait. */
const windowMessages = 16;

export interface SimCallOptions {
  readonly method: DescMethod;
  /** HOST:PORT of the server. */
  readonly address: string;
  /** From the caller to the server, and from the server to the caller. */
  readonly there: SimLane;
  readonly back: SimLane;
  /** Node id of the caller; undefined for somebody without a certificate. */
  readonly callerId: string | undefined;
  /** Shown every request that is sent. */
  readonly tap: (method: DescMethod, message: Message) => void;
}

/** Why a handler's signal aborts: made once, for an abort without a reason makes an exception with a stack each time. */
const isOver = "the call is over";

/** Both ends of one call over two simulated lanes: requests there, responses back, each with back-pressure. */
export class SimCall {
  readonly callerId: string | undefined;
  readonly there: SimLane;
  readonly back: SimLane;
  readonly address: string;
  /** The connection breaks when the server answers: it has done what was asked, and the caller never learns of it. */
  losesAnswer = false;
  readonly responses = new Channel<Message>(windowMessages);
  readonly #method: DescMethod;
  readonly #tap: (method: DescMethod, message: Message) => void;
  readonly #requests = new Channel<Message>(windowMessages);
  readonly #server = new AbortController();
  readonly #over: Promise<void>;
  #tellOver: () => void = () => {};
  #isOver = false;
  /** What is told when the call ends before a message has arrived. */
  readonly #underWay = new Set<(arrived: boolean) => void>();

  constructor(options: SimCallOptions) {
    this.#method = options.method;
    this.#tap = options.tap;
    this.address = options.address;
    this.there = options.there;
    this.back = options.back;
    this.callerId = options.callerId;
    this.#over = new Promise(resolve => {
      this.#tellOver = resolve;
    });
  }

  /** Whether one of its ends is on that host. */
  touches(host: string): boolean {
    return this.there.from === host || this.there.to === host;
  }

  /** Whether it goes over that lane, either way. */
  uses(lane: SimLane): boolean {
    return this.there === lane || this.back === lane;
  }

  get isHeld(): boolean {
    return this.there.isHeld || this.back.isHeld;
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
        this.#tap(this.#method, message);
        if (!(await this.#carry(this.there, () => this.#requests.send(message)))) return;
      }
      this.there.deliver(() => this.#requests.close());
    } catch (error) {
      this.abandon(asFault(error));
    }
  }

  /** The server's side: runs the handler and sends what it answers. */
  async serve(handle: (input: unknown, signal: AbortSignal) => unknown): Promise<void> {
    let fault: Fault | undefined;
    try {
      const kind = this.#method.methodKind;
      const input = kind === "client_streaming" ? this.#requests : await this.#requests.take();
      // Gone before its request came: there is nobody to answer.
      if (input === undefined) return;
      const answer = handle(input, this.#server.signal);
      if (kind === "server_streaming") await this.#stream(answer as AsyncIterable<MessageInit>);
      else {
        const value = (await answer) as MessageInit;
        if (!this.losesAnswer) await this.#respond(value);
      }
    } catch (error) {
      fault = asFault(error);
    }
    if (this.losesAnswer) fault = new Fault("unavailable", "the connection broke");
    this.back.deliver(() => this.finish(fault));
  }

  /** The call is over for the caller, as the server said. */
  finish(fault?: Fault): void {
    this.responses.close(fault);
    this.#server.abort(isOver);
    this.#end();
  }

  /** The caller gives up; the server hears of it when the message arrives. */
  abandon(fault?: Fault): void {
    this.responses.close(fault);
    this.there.deliver(() => this.#hangUp());
  }

  /** The connection broke: both ends know at once. */
  cut(fault: Fault): void {
    this.responses.close(fault);
    this.#hangUp(fault);
  }

  #hangUp(fault?: Fault): void {
    this.#requests.close(fault ?? new Fault("cancelled", "the caller has gone away"));
    this.#server.abort(isOver);
    this.#end();
  }

  async #stream(answers: AsyncIterable<MessageInit>): Promise<void> {
    for await (const init of answers) if (!(await this.#respond(init))) break;
  }

  #respond(init: MessageInit): Promise<boolean> {
    const message = travel(this.#method.output, init);
    return this.#carry(this.back, () => this.responses.send(message));
  }

  /** Takes one message over the lane and into the receiver's queue; false when the call ended instead. */
  #carry(lane: SimLane, arrive: () => Promise<boolean>): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    return new Promise(resolve => {
      const settle = (arrived: boolean): void => {
        this.#underWay.delete(settle);
        resolve(arrived);
      };
      this.#underWay.add(settle);
      lane.deliver(() => void arrive().then(settle));
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
