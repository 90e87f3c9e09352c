/** What was supposed and is to be taken back: a decision sees what it gave away before, and only events make that last. */
export class UndoLog {
  readonly #undo: (() => void)[] = [];

  /** How to take back what was just supposed. */
  readonly add = (undo: () => void): void => void this.#undo.push(undo);

  /** Takes everything back, the last first. */
  undo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
