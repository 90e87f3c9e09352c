import type { ConnectionOptions } from "node:tls";
import { asFault, Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import { initialBackoffMs } from "../limits.ts";
import { CallLink } from "./call-link.ts";

export interface CallLineOptions {
  /** HOST:PORT. */
  readonly address: string;
  /** For the next link. */
  readonly tls: () => ConnectionOptions;
  readonly clock: Clock;
}

type State =
  | { readonly kind: "idle" | "gRPC alone" | "closed" }
  | { readonly kind: "dialling"; readonly link: Promise<CallLink | undefined>; readonly over: AbortController }
  | { readonly kind: "open"; readonly link: CallLink }
  | { readonly kind: "failed"; readonly fault: Fault; readonly untilMs: number };

/** The way to one manager for calls without gRPC: a link is made when one is needed, and made anew when it has broken. */
export class CallLine {
  readonly #options: CallLineOptions;
  #state: State = { kind: "idle" };

  constructor(options: CallLineOptions) {
    this.#options = options;
  }

  /** The link that is there; undefined when one is to be waited for. */
  get ready(): CallLink | undefined {
    return this.#state.kind === "open" && this.#state.link.isOpen ? this.#state.link : undefined;
  }

  /** A link; undefined when the other side takes no calls but by gRPC. Fault unavailable when it cannot be reached. */
  async link(): Promise<CallLink | undefined> {
    const state = this.#state;
    switch (state.kind) {
      case "idle":
        return this.#dial();
      case "dialling":
        return state.link;
      case "open":
        return state.link.isOpen ? state.link : this.#dial();
      case "failed":
        if (this.#options.clock.monotonic() < state.untilMs) throw state.fault;
        return this.#dial();
      case "gRPC alone":
        return undefined;
      case "closed":
        throw new Fault("unavailable", `the connection to ${this.#options.address} was closed`);
      default:
        return state satisfies never;
    }
  }

  /** The calls that come use a new link; those under way go on. */
  retire(): void {
    this.#replace({ kind: "idle" });
  }

  /** No more calls. */
  close(): void {
    this.#replace({ kind: "closed" });
  }

  #replace(next: State): void {
    const before = this.#state;
    this.#state = next;
    if (before.kind === "open") before.link.retire();
    if (before.kind === "dialling") before.over.abort();
  }

  #dial(): Promise<CallLink | undefined> {
    const over = new AbortController();
    const link = this.#opened(over.signal);
    this.#state = { kind: "dialling", link, over };
    return link;
  }

  async #opened(signal: AbortSignal): Promise<CallLink | undefined> {
    const { address, tls, clock } = this.#options;
    try {
      const link = await CallLink.open({ address, tls: tls(), clock, signal });
      if (signal.aborted) link.retire();
      else this.#state = { kind: "open", link };
    } catch (error) {
      if (!signal.aborted) this.#failed(asFault(error));
    }
    // Whoever waits while the line is made anew waits for that.
    return this.link();
  }

  #failed(fault: Fault): void {
    if (fault.code === "unimplemented") this.#state = { kind: "gRPC alone" };
    else this.#state = { kind: "failed", fault, untilMs: this.#options.clock.monotonic() + initialBackoffMs };
  }
}
