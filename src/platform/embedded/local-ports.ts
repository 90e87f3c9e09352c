import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../ports/random.ts";

/** Below the range that Linux takes client ports from (32768–60999), so no outgoing connection has one of these. */
const firstPort = 20_000;
const portCount = 12_000;
const loopback = "127.0.0.1";

/**
 * Hands out loopback ports for tasks to listen on. A port stays taken until it is given back, whether its task listens
 * yet or not. Other daemons on this machine hand out from the same range: starting at a random place keeps them apart,
 * and trying the port finds those that are listened on.
 */
export class LocalPorts {
  readonly #random: Random;
  readonly #taken = new Set<number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Marks ports as taken that tasks of an earlier daemon have. */
  take(ports: Iterable<number>): void {
    for (const port of ports) this.#taken.add(port);
  }

  release(ports: Iterable<number>): void {
    for (const port of ports) this.#taken.delete(port);
  }

  /** A free port. Faults resource_exhausted when there is none. */
  async allocate(protocol: "tcp" | "udp"): Promise<number> {
    const start = Math.floor(this.#random.float() * portCount);
    for (let step = 0; step < portCount; step++) {
      const port = firstPort + ((start + step) % portCount);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(protocol, port)) return port;
      this.#taken.delete(port);
    }
    throw new Fault("resource_exhausted", `Cannot find a port for the task: all of ${portCount} are taken`);
  }
}

function isFree(protocol: "tcp" | "udp", port: number): Promise<boolean> {
  return new Promise(resolve => {
    if (protocol === "tcp") {
      // Whoever calls meanwhile means another: a connection that nobody answers would keep the probe from ending.
      const server = createServer(caller => caller.destroy());
      server.once("error", () => resolve(false));
      server.listen({ host: loopback, port, exclusive: true }, () => server.close(() => resolve(true)));
    } else {
      const socket = createSocket("udp4");
      socket.once("error", () => socket.close(() => resolve(false)));
      socket.bind({ address: loopback, port, exclusive: true }, () => socket.close(() => resolve(true)));
    }
  });
}
