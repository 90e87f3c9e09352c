import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { assert } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { type ObjectKind, type ObjectTypes, versionOf } from "../model/objects.ts";
import { changedMeta } from "../model/task-layout.ts";
import type { Meta } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Change } from "./change.ts";
import { NameIndex } from "./name-index.ts";
import { PrefixSet } from "./prefix-set.ts";
import { SecondaryIndex } from "./secondary-index.ts";
import type { Running } from "./transaction.ts";
import type { TableReader, TableWriter } from "./tx.ts";

/** What tables share with the store they are part of. */
export interface TableContext {
  readonly running: Running;
  /** Called with every object that is stored; tests freeze them here. */
  readonly guard: (object: object) => void;
}

export interface TableRules<K extends ObjectKind> {
  readonly kind: K;
  /** What `byName` finds an object by; undefined when the table answers that itself. */
  readonly nameOf?: (object: ObjectTypes[K]) => string;
  /** For unique names: the text of the Fault when one is taken. */
  readonly nameTaken?: (name: string) => string;
  /** Copies an object with another meta; for tables that keep objects in one layout. */
  readonly stamp?: (object: ObjectTypes[K], meta: Meta) => ObjectTypes[K];
}

/**
 * The objects of one kind with their indexes. `put`, `delete` and `clear` are for committed changes; `create`, `update`
 * and `remove` are for the write transaction that runs, and check.
 *
 * What a transaction writes is taken back at its end and comes again when it is committed. So the indexes are told of either
 * only when somebody looks there, which most often nobody does in between; and what they have been told by then stays true.
 */
export class Table<K extends ObjectKind> implements TableReader<ObjectTypes[K]>, TableWriter<ObjectTypes[K]> {
  readonly #context: TableContext;
  readonly #rules: TableRules<K>;
  readonly #stamp: (object: ObjectTypes[K], meta: Meta) => ObjectTypes[K];
  readonly #rows = new Map<string, ObjectTypes[K]>();
  readonly #ids = new PrefixSet();
  readonly #names: NameIndex<ObjectTypes[K]> | undefined;
  readonly #indexes: SecondaryIndex<ObjectTypes[K]>[] = [];
  /** By id: what the indexes have of objects that were written since; undefined where they have none. */
  readonly #outdated = new Map<string, ObjectTypes[K] | undefined>();

  constructor(context: TableContext, rules: TableRules<K>) {
    this.#context = context;
    this.#rules = rules;
    this.#stamp = rules.stamp ?? ((object, meta) => ({ ...object, meta }));
    this.#names = rules.nameOf && new NameIndex(rules.nameOf);
  }

  /** Adds an index; for the field initialisers of the tables that have them. */
  protected index(
    keysOf: (object: ObjectTypes[K]) => readonly string[],
    haveSameKeys?: (before: ObjectTypes[K], after: ObjectTypes[K]) => boolean,
  ): SecondaryIndex<ObjectTypes[K]> {
    const index = new SecondaryIndex(keysOf, haveSameKeys);
    this.#indexes.push(index);
    return index;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): ObjectTypes[K] | undefined {
    return this.#rows.get(id);
  }

  all(): ObjectTypes[K][] {
    return [...this.#rows.values()];
  }

  byIdPrefix(prefix: string): ObjectTypes[K][] {
    this.#catchUp();
    return this.#pick(this.#ids.startingWith(prefix));
  }

  byName(name: string): ObjectTypes[K][] {
    this.#catchUp();
    return this.#pick(this.#names?.named(name) ?? []);
  }

  byNamePrefix(prefix: string): ObjectTypes[K][] {
    this.#catchUp();
    return this.#pick(this.#names?.startingWith(prefix) ?? []);
  }

  /** The objects that an index has under a key. */
  protected under(index: SecondaryIndex<ObjectTypes[K]>, key: string): ObjectTypes[K][] {
    this.#catchUp();
    return this.#pick(index.ids(key));
  }

  #pick(ids: readonly string[]): ObjectTypes[K][] {
    return ids.map(id => {
      const object = this.#rows.get(id);
      assert(object, `an index names the ${this.#rules.kind} ${id}, which is gone`);
      return object;
    });
  }

  create(object: ObjectTypes[K]): ObjectTypes[K] {
    if (this.#rows.has(object.id)) throw new Fault("already_exists", "object already exists");
    this.#checkName(object);
    return this.#write(undefined, object, this.#context.running.transaction.time);
  }

  update(object: ObjectTypes[K]): ObjectTypes[K] {
    const before = this.#rows.get(object.id);
    if (!before) throw this.#missing(object.id);
    if (versionOf(before) !== versionOf(object)) throw new Fault("unknown", "update out of sequence");
    this.#checkName(object);
    return this.#write(before, object, object.meta.createdAt);
  }

  remove(id: string): void {
    const before = this.#rows.get(id);
    if (!before) throw this.#missing(id);
    this.#context.running.transaction.touchToRemove(this.#rules.kind, this, id, before);
    this.#outdate(id, before);
    this.#rows.delete(id);
  }

  /** Stores an object as it is, for good; returns the one it replaces. */
  put(object: ObjectTypes[K]): ObjectTypes[K] | undefined {
    this.#context.guard(object);
    const before = this.#rows.get(object.id);
    this.#rows.set(object.id, object);
    this.#reindex(object.id, this.#takeIndexed(object.id, before), object);
    return before;
  }

  /** Removes an object for good; returns it, or undefined when there was none. */
  delete(id: string): ObjectTypes[K] | undefined {
    const before = this.#rows.get(id);
    if (!before) return undefined;
    this.#rows.delete(id);
    this.#reindex(id, this.#takeIndexed(id, before), undefined);
    return before;
  }

  clear(): void {
    this.#rows.clear();
    this.#ids.clear();
    this.#names?.clear();
    for (const index of this.#indexes) index.clear();
    this.#outdated.clear();
  }

  /** Puts an object back as it was before the transaction; undefined when there was none. */
  revert(id: string, before: ObjectTypes[K] | undefined): void {
    this.#outdate(id, this.#rows.get(id));
    if (before) this.#rows.set(id, before);
    else this.#rows.delete(id);
    // The indexes were never told of what is taken back.
    if (this.#outdated.get(id) === before) this.#outdated.delete(id);
  }

  /** What became of an object since it was `before`. */
  changeSince(id: string, before: ObjectTypes[K] | undefined): Change | undefined {
    const { kind } = this.#rules;
    const object = this.#rows.get(id);
    if (object === before) return undefined;
    // The compiler cannot follow that kind and object go together for every K.
    if (!object) return { kind, action: "remove", id } as Change;
    return { kind, action: before ? "update" : "create", object } as Change;
  }

  #write(before: ObjectTypes[K] | undefined, object: ObjectTypes[K], createdAt: Timestamp | undefined): ObjectTypes[K] {
    const { transaction } = this.#context.running;
    const meta = changedMeta(object.meta, { version: transaction.version, createdAt, updatedAt: transaction.time });
    const stored = this.#stamp(object, meta);
    transaction.touch(this.#rules.kind, this, object.id, before);
    this.#context.guard(stored);
    this.#outdate(object.id, before);
    this.#rows.set(object.id, stored);
    return stored;
  }

  /** To be called before each change that the indexes are not told of; `before`: what is stored now. */
  #outdate(id: string, before: ObjectTypes[K] | undefined): void {
    if (!this.#outdated.has(id)) this.#outdated.set(id, before);
  }

  /** What the indexes have of an object that they are told of now; `before`: what is stored. */
  #takeIndexed(id: string, before: ObjectTypes[K] | undefined): ObjectTypes[K] | undefined {
    if (!this.#outdated.has(id)) return before;
    const indexed = this.#outdated.get(id);
    this.#outdated.delete(id);
    return indexed;
  }

  #catchUp(): void {
    if (this.#outdated.size === 0) return;
    this.#outdated.forEach((before, id) => {
      this.#reindex(id, before, this.#rows.get(id));
    });
    this.#outdated.clear();
  }

  #reindex(id: string, before: ObjectTypes[K] | undefined, after: ObjectTypes[K] | undefined): void {
    if (before === after) return;
    if (!before) this.#ids.add(id);
    if (!after) this.#ids.delete(id);
    this.#names?.replace(id, before, after);
    for (const index of this.#indexes) index.replace(id, before, after);
  }

  #checkName(object: ObjectTypes[K]): void {
    const { nameOf, nameTaken } = this.#rules;
    if (!nameOf || !nameTaken) return;
    const name = nameOf(object);
    this.#catchUp();
    if (this.#names?.hasOther(name, object.id)) throw new Fault("already_exists", nameTaken(name));
  }

  #missing(id: string): Fault {
    return new Fault("not_found", `${this.#rules.kind} ${id} not found`);
  }
}
