import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { Bell, onAbort } from "../lib/bell.ts";
import { asFault } from "../lib/fault.ts";
import type { Manager } from "../manager/manager.ts";
import { swarmLock } from "../pki/swarm-lock.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Keyring } from "./keyring.ts";

/** After a disk that could not be written. */
const backoff: Backoff = { firstMs: 1_000, longestMs: 60_000 };

export interface LockFollowerOptions {
  readonly manager: Pick<Manager, "cluster" | "onCluster" | "changeDataKey">;
  readonly keyring: Pick<Keyring, "follow" | "nextDataKey" | "noteDataKeyChanged">;
  /** Replaces the node's key and certificate; resolves when that is done or given up. */
  readonly renew: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Keeps a manager's keys locked on its disk as the cluster object asks for. Keys that stood there in clear until now are
 * replaced: the data key by sealing log and snapshots anew, the certificate's by renewing it. Until both are done the key
 * file holds the next data key beside the current one, so that a restart goes on with it.
 */
export class LockFollower {
  readonly #options: LockFollowerOptions;
  readonly #stopped = new AbortController();
  readonly #bell = new Bell();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LockFollowerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#bell.ring();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { manager, clock, random, log } = this.#options;
    const { signal } = this.#stopped;
    const stopListening = manager.onCluster(() => this.#bell.ring());
    for (let attempt = 1; !signal.aborted; ) {
      try {
        await this.#follow();
        attempt = 1;
        await this.#bell.wait();
      } catch (error) {
        log.warn("cannot lock or unlock this manager's keys", { attempt, reason: asFault(error).message });
        await sleep(clock, backoffMs(backoff, attempt++, random.float()), signal);
      }
    }
    stopListening();
  }

  async #follow(): Promise<void> {
    const { manager, keyring, log } = this.#options;
    const cluster = manager.cluster();
    if (!cluster) return;
    if (await keyring.follow(swarmLock(cluster))) log.info("this manager's keys are locked from now on");
    const next = keyring.nextDataKey();
    if (next && !this.#stopped.signal.aborted) await this.#replaceKeys(next);
  }

  async #replaceKeys(nextDataKey: Uint8Array): Promise<void> {
    const { manager, keyring, renew, log } = this.#options;
    const { signal } = this.#stopped;
    await manager.changeDataKey(nextDataKey);
    await Promise.race([renew(), new Promise<void>(resolve => onAbort(signal, resolve))]);
    if (signal.aborted) return;
    await keyring.noteDataKeyChanged();
    log.info("the keys that stood in clear are replaced");
  }
}
