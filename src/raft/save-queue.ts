import type { Core } from "./core.ts";
import type { HardState, Index } from "./entry.ts";
import type { Save } from "./ready.ts";

/** The saves that are under way, and what they will have made durable. */
export class SaveQueue {
  #number = 0;
  /** What was last handed out. */
  #hardState: HardState;
  /** The commit index that will be durable once everything is that was handed out. */
  #promisedCommit: Index;
  #underWay: { readonly number: number; readonly hardState: HardState; readonly mustSync: boolean }[] = [];

  constructor(saved: HardState) {
    this.#hardState = saved;
    this.#promisedCommit = saved.commit;
  }

  /** The next `Ready`'s number, and what there is to save. */
  next({ log, hardState }: Core): { number: number; save: Save | undefined } {
    const number = ++this.#number;
    const { snapshot, entries } = log.takeUnsaved(number);
    const isNewTerm = hardState.term !== this.#hardState.term || hardState.vote !== this.#hardState.vote;
    const isCommitWanted = log.heldBack !== undefined && log.heldBack > this.#promisedCommit;
    const isNew = isNewTerm || isCommitWanted || hardState.commit !== this.#hardState.commit;
    if (!isNew && !snapshot && entries.length === 0) return { number, save: undefined };
    const mustSync = isNewTerm || isCommitWanted || snapshot !== undefined || entries.length > 0;
    this.#hardState = hardState;
    if (mustSync) this.#promisedCommit = hardState.commit;
    this.#underWay.push({ number, hardState, mustSync });
    return { number, save: { snapshot, entries, hardState: isNew ? hardState : undefined, mustSync } };
  }

  /** The last save under way that anything could rest on. */
  get barrier(): number | undefined {
    return this.#underWay.findLast(save => save.mustSync)?.number;
  }

  /** Returns the hard state that is durable now; undefined when it is the same as before. */
  persisted(number: number): HardState | undefined {
    let durable: HardState | undefined;
    while (this.#underWay[0] && this.#underWay[0].number <= number) {
      if (this.#underWay[0].mustSync) durable = this.#underWay[0].hardState;
      this.#underWay.shift();
    }
    return durable;
  }
}
