import type { TLSSocket } from "node:tls";
import type { Clock, Timer } from "../ports/clock.ts";
import { writeFrame } from "./frames.ts";
import { keepaliveTimeMs, keepaliveTimeoutMs } from "./limits.ts";

const nothing = new Uint8Array();

/** Tells the other side every now and then, by an empty frame, that this one is there, and gives the socket up when it is silent for too long. */
export class KeepAlive {
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  #heard: number;
  #timer: Timer;

  constructor(socket: TLSSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#heard = clock.monotonic();
    this.#timer = this.#schedule();
  }

  /** Something came from the other side. */
  heard(): void {
    this.#heard = this.#clock.monotonic();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #schedule(): Timer {
    return this.#clock.after(keepaliveTimeMs / 2, () => this.#beat());
  }

  #beat(): void {
    if (this.#clock.monotonic() - this.#heard > keepaliveTimeMs + keepaliveTimeoutMs) {
      this.#socket.destroy(new Error("the other side has been silent for too long"));
      return;
    }
    writeFrame(this.#socket, nothing);
    this.#timer = this.#schedule();
  }
}
