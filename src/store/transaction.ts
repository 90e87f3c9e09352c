import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { assert } from "../lib/assert.ts";
import { toTimestamp } from "../model/time.ts";
import type { Meta } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Version } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Change } from "./change.ts";

/** What a transaction needs of a table to take back, or to sum up, what was done to one object. */
interface Touchable {
  revert(id: string, before: unknown): void;
  changeSince(id: string, before: unknown): Change | undefined;
}

interface Versioned {
  readonly meta: Meta;
}

interface Touch {
  readonly table: Touchable;
  readonly id: string;
  /** The object as it was before the transaction; undefined when there was none. */
  readonly before: unknown;
}

/**
 * One callback's writes. They are made in the tables themselves, so that the callback reads them, and are taken back
 * before anybody else can look: only committed entries change the tables for good.
 */
export class Transaction {
  /** One object for all that the transaction stamps: they share its memory. */
  readonly version: Version;
  readonly time: Timestamp;
  readonly #touched: Touch[] = [];
  /** What it has removed, by kind and id. */
  readonly #removed = new Set<string>();

  constructor(index: bigint, nowMs: number) {
    this.version = { $typeName: "docker.swarmkit.v1.Version", index };
    this.time = toTimestamp(nowMs);
  }

  /**
   * To be called before each change; the first one of an object counts. What the transaction itself has written bears its
   * version, and what it has removed is known: so most writes need no look into a set.
   */
  touch(kind: string, table: Touchable, id: string, before: Versioned | undefined): void {
    const again = before ? before.meta.version === this.version : this.#removed.has(`${kind}/${id}`);
    if (!again) this.#touched.push({ table, id, before });
  }

  /** To be called instead before the object is removed. */
  touchToRemove(kind: string, table: Touchable, id: string, before: Versioned): void {
    this.touch(kind, table, id, before);
    this.#removed.add(`${kind}/${id}`);
  }

  /** The net changes, in the order in which objects were first touched. */
  changes(): Change[] {
    const changes: Change[] = [];
    for (const { table, id, before } of this.#touched) {
      const change = table.changeSince(id, before);
      if (change) changes.push(change);
    }
    return changes;
  }

  undo(): void {
    for (const { table, id, before } of this.#touched) table.revert(id, before);
  }
}

/** Which transaction is running: one at a time, for all tables. */
export class Running {
  #transaction: Transaction | undefined;

  get transaction(): Transaction {
    assert(this.#transaction, "a write outside its transaction");
    return this.#transaction;
  }

  get idle(): boolean {
    return this.#transaction === undefined;
  }

  run<T>(transaction: Transaction, callback: () => T): T {
    assert(this.idle, "a transaction inside a transaction");
    this.#transaction = transaction;
    try {
      return callback();
    } finally {
      this.#transaction = undefined;
    }
  }
}
