import type { Manager } from "../manager/manager.ts";
import type { LockFollower } from "./lock-follower.ts";

/** A manager that serves, and what keeps its keys locked: they come and go as one. */
export class SeatedManager {
  readonly manager: Manager;
  readonly #lock: LockFollower;

  constructor(manager: Manager, lock: LockFollower) {
    this.manager = manager;
    this.#lock = lock;
    lock.start();
  }

  async stop(): Promise<void> {
    await this.#lock.stop();
    await this.manager.stop();
  }
}
