/** Runs sections one after the other, in the order they asked. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `section` when all before it have ended, and gives what it gives. */
  run<T>(section: () => Promise<T>): Promise<T> {
    const result = this.#last.then(section);
    this.#last = result.catch(() => {});
    return result;
  }
}
