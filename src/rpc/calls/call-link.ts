import type { TLSSocket } from "node:tls";
import { onAbort } from "../../lib/bell.ts";
import { Fault, faultCodeOf } from "../../lib/fault.ts";
import { dialFault } from "../dial-failure.ts";
import { FrameReader, FrameWriter } from "../frames.ts";
import { KeepAlive } from "../keep-alive.ts";
import { connectTimeoutMs, maxResponseBytes } from "../limits.ts";
import { type DialOptions, dialTls } from "../tls-dial.ts";
import {
  type CalleeFrame,
  type CallerFrame,
  calleeFrame,
  callOverheadBytes,
  callProtocol,
  writeCallFrame,
} from "./call-frames.ts";

/** How a call ended. */
export interface Outcome {
  answered(message: Buffer): void;
  failed(fault: Fault): void;
}

/** One connection to a manager with many calls on it. Once it has broken, or is to carry no new ones, another takes its place. */
export class CallLink {
  readonly #address: string;
  readonly #socket: TLSSocket;
  readonly #writer: FrameWriter;
  readonly #alive: KeepAlive;
  readonly #reader = new FrameReader(maxResponseBytes + callOverheadBytes);
  readonly #running = new Map<number, Outcome>();
  #nextId = 0;
  #retired = false;
  #greeted: (greeting: CalleeFrame) => void = () => {};

  /** Fault unimplemented when the other side takes no calls in this way, else unavailable, with DialFailure as its cause. */
  static async open(options: DialOptions): Promise<CallLink> {
    const link = new CallLink(options, await dialTls(options, callProtocol));
    await link.#greeting(options);
    return link;
  }

  private constructor({ address, clock }: DialOptions, socket: TLSSocket) {
    this.#address = address;
    this.#socket = socket;
    this.#writer = new FrameWriter(socket);
    this.#alive = new KeepAlive(socket, clock);
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#broken());
  }

  get isOpen(): boolean {
    return !this.#retired && !this.#socket.destroyed;
  }

  /** Sends a call; `outcome` hears of its end, unless the returned function breaks it off before. */
  send(call: Omit<CallerFrame & { kind: "call" }, "id" | "kind">, outcome: Outcome): () => void {
    const id = this.#freeId();
    this.#running.set(id, outcome);
    this.#send({ kind: "call", id, ...call });
    return () => {
      if (!this.#running.delete(id)) return;
      this.#send({ kind: "break", id });
      this.#endWhenIdle();
    };
  }

  /** Takes no more calls, and ends with the last one under way. */
  retire(): void {
    this.#retired = true;
    this.#endWhenIdle();
  }

  #send(frame: CallerFrame): void {
    this.#writer.send(writer => writeCallFrame(writer, frame));
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId + 1) % 2 ** 32;
    while (this.#running.has(this.#nextId));
    return this.#nextId;
  }

  async #greeting({ clock, address, signal }: DialOptions): Promise<void> {
    const socket = this.#socket;
    const timer = clock.after(connectTimeoutMs, () => socket.destroy());
    const unhook = onAbort(signal, () => socket.destroy());
    const closed = new Promise<undefined>(resolve => socket.once("close", () => resolve(undefined)));
    const greeted = new Promise<CalleeFrame>(resolve => {
      this.#greeted = resolve;
    });
    const greeting = await Promise.race([greeted, closed]);
    timer.cancel();
    unhook();
    if (greeting?.kind === "greeting") return;
    socket.destroy();
    if (greeting) throw new Fault("unimplemented", `${address} takes no calls but by gRPC`);
    throw dialFault(address, "no tls");
  }

  #hear(chunk: Buffer): void {
    this.#alive.heard();
    try {
      for (const frame of this.#reader.read(chunk)) this.#take(calleeFrame(frame));
    } catch {
      this.#socket.destroy();
    }
  }

  #take(frame: CalleeFrame): void {
    switch (frame.kind) {
      case "greeting":
      case "refusal":
        this.#greeted(frame);
        return;
      case "answer":
        this.#outcome(frame.id)?.answered(frame.message);
        return;
      case "failure":
        this.#outcome(frame.id)?.failed(new Fault(faultCodeOf(frame.code), frame.text));
        return;
      default:
        frame satisfies never;
    }
  }

  /** Of a call that has ended now; undefined when nobody waits for it any more. */
  #outcome(id: number): Outcome | undefined {
    const outcome = this.#running.get(id);
    this.#running.delete(id);
    this.#endWhenIdle();
    return outcome;
  }

  #endWhenIdle(): void {
    if (this.#retired && this.#running.size === 0) this.#socket.destroy();
  }

  #broken(): void {
    this.#alive.stop();
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const outcome of running) outcome.failed(new Fault("unavailable", `the connection to ${this.#address} broke`));
  }
}
