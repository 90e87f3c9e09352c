import { Bell, onAbort } from "../lib/bell.ts";
import { same } from "../lib/same.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { NetProbes } from "../ports/net-probes.ts";
import type { Plane } from "./plane-state.ts";
import { type PortConflict, portName, portsInUse, publishedPorts } from "./ports-in-use.ts";

/** How often this machine's sockets are looked at, in milliseconds, besides when other ports are published. */
const lookPeriodMs = 10_000;

export interface PortWatchOptions {
  readonly probes: Pick<NetProbes, "listeners">;
  readonly plane: () => Plane;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Notices which published ports something else on this machine listens on. */
export class PortWatch {
  readonly #options: PortWatchOptions;
  readonly #bell = new Bell();
  /** As was logged last. */
  #known: readonly PortConflict[] = [];
  #published = "";

  constructor(options: PortWatchOptions) {
    this.#options = options;
  }

  /** The plane has changed: looks at once when other ports are published in it. */
  changed(): void {
    const published = publishedIn(this.#options.plane());
    if (published === this.#published) return;
    this.#published = published;
    this.#bell.ring();
  }

  /** Tells what there is, and every change, until `signal` aborts. Rejects when it cannot be told. One at a time. */
  async follow(tell: (conflicts: readonly PortConflict[]) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const unhook = onAbort(signal, () => this.#bell.ring());
    let told: readonly PortConflict[] | undefined;
    try {
      while (!signal.aborted) {
        const now = await this.#look();
        if (!told || !same(told, now)) await tell(now);
        told = now;
        const timer = clock.after(lookPeriodMs, () => this.#bell.ring());
        if (!signal.aborted) await this.#bell.wait();
        timer.cancel();
      }
    } finally {
      unhook();
    }
  }

  async #look(): Promise<readonly PortConflict[]> {
    const { probes, plane } = this.#options;
    const sockets = await probes.listeners(publishedPorts(plane()));
    const now = portsInUse(plane(), sockets);
    this.#log(now);
    return now;
  }

  /** Each once, when it comes and when it goes. */
  #log(now: readonly PortConflict[]): void {
    const { log, plane } = this.#options;
    const isAmong = (conflict: PortConflict, all: readonly PortConflict[]): boolean =>
      all.some(other => keyOf(other) === keyOf(conflict));
    for (const conflict of now.filter(each => !isAmong(each, this.#known))) {
      const service = plane().services.get(conflict.serviceId)?.name ?? conflict.serviceId;
      const facts = { port: portName(conflict), service, program: conflict.program };
      log.warn("something else listens on a published port: calls go to the service", facts);
    }
    for (const conflict of this.#known.filter(each => !isAmong(each, now)))
      log.info("nothing else listens on a published port any more", { port: portName(conflict) });
    this.#known = now;
  }
}

function keyOf({ protocol, port, serviceId }: PortConflict): string {
  return `${protocol} ${port} ${serviceId}`;
}

function publishedIn({ services }: Plane): string {
  const ports = [...services.values()].flatMap(service =>
    service.ports.map(port => `${service.id} ${port.protocol} ${port.publishedPort}`),
  );
  return ports.sort().join(",");
}
