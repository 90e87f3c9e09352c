import type { Clock } from "../../ports/clock.ts";
import { type Forwarder, taskAddress } from "./forwarder.ts";
import { forward } from "./listening.ts";
import type { PlannedPort } from "./port-plan.ts";

export interface PublishedPortsOptions {
  /** Where this node publishes; "" for every address. Asked anew for each port. */
  readonly address: () => string;
  readonly clock: Clock;
}

/** Publishes each task's ports on this node's address. What all nodes publish for a service is `MeshPorts`' business. */
export class PublishedPorts {
  readonly #options: PublishedPortsOptions;
  readonly #own = new Map<string, Forwarder[]>();

  constructor(options: PublishedPortsOptions) {
    this.#options = options;
  }

  /**
   * Publishes what a task that is about to run (or was found running) has; returns the published number of each of its
   * ports, in their order. Faults failed_precondition, with Docker's text, when one is taken, and then none is published.
   */
  async publish(taskId: string, ports: readonly PlannedPort[]): Promise<number[]> {
    this.release(taskId);
    const own: Forwarder[] = [];
    this.#own.set(taskId, own);
    try {
      for (const port of ports) own.push(await this.#listen(port));
    } catch (error) {
      this.release(taskId);
      throw error;
    }
    return own.map(forwarder => forwarder.port);
  }

  /** Ends what was published for a task. */
  release(taskId: string): void {
    for (const forwarder of this.#own.get(taskId) ?? []) forwarder.close();
    this.#own.delete(taskId);
  }

  close(): void {
    for (const taskId of [...this.#own.keys()]) this.release(taskId);
  }

  #listen({ protocol, publishedPort, localPort }: PlannedPort): Promise<Forwarder> {
    const { address, clock } = this.#options;
    const place = { protocol, address: address() || "0.0.0.0", port: publishedPort };
    return forward(place, () => [{ host: taskAddress, port: localPort }], clock);
  }
}
