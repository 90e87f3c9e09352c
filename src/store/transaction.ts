import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { assert } from "../lib/assert.ts";
import { toTimestamp } from "../model/time.ts";
import type { Version } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Change } from "./change.ts";

/** What a transaction needs of a table to take back, or to sum up, what was done to one object. */
interface Touchable {
  revert(id: string, before: unknown): void;
  changeSince(id: string, before: unknown): Change | undefined;
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
  readonly #touched = new Map<string, Touch>();

  constructor(index: bigint, nowMs: number) {
    this.version = { $typeName: "docker.swarmkit.v1.Version", index };
    this.time = toTimestamp(nowMs);
  }

  /** To be called before each change; the first one of an object counts. */
  touch(kind: string, table: Touchable, id: string, before: unknown): void {
    const key = `${kind}/${id}`;
    if (!this.#touched.has(key)) this.#touched.set(key, { table, id, before });
  }

  /** The net changes, in the order in which objects were first touched. */
  changes(): Change[] {
    const changes: Change[] = [];
    for (const { table, id, before } of this.#touched.values()) {
      const change = table.changeSince(id, before);
      if (change) changes.push(change);
    }
    return changes;
  }

  undo(): void {
    for (const { table, id, before } of this.#touched.values()) table.revert(id, before);
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
