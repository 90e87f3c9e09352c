import { asFault, Fault } from "../../lib/fault.ts";
import type { NameHandler, NameSockets } from "../../ports/name-sockets.ts";
import { NameListener } from "./name-listener.ts";
import { Upstream } from "./upstream.ts";

/** DNS over this machine's sockets. */
export class SystemNameSockets implements NameSockets {
  readonly #listeners = new Map<string, NameListener>();
  readonly #upstream = new Upstream(address => this.#listeners.has(address));

  async listen(addresses: readonly string[], handler: NameHandler): Promise<void> {
    const wanted = new Set(addresses);
    for (const [address, listener] of this.#listeners) {
      if (wanted.has(address) && listener.isOpen) continue;
      this.#listeners.delete(address);
      await listener.close();
    }
    let fault: Fault | undefined;
    for (const address of wanted) {
      if (this.#listeners.has(address)) continue;
      try {
        this.#listeners.set(address, await NameListener.open(address, handler));
      } catch (error) {
        const reason = asFault(error).message;
        fault ??= new Fault("unavailable", `Cannot answer names on ${address}: ${reason}`, { cause: error });
      }
    }
    if (fault) throw fault;
  }

  ask(query: Uint8Array, overTcp: boolean): Promise<Uint8Array> {
    return this.#upstream.ask(query, overTcp);
  }

  async close(): Promise<void> {
    const all = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(all.map(listener => listener.close()));
  }
}
