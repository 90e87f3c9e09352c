import { defined } from "../lib/assert.ts";
import { type Configuration, noConfiguration } from "./configuration.ts";
import type { Entry, Index, NodeId, Snapshot } from "./entry.ts";
import { foundingLog } from "./founding.ts";
import { TestMachine } from "./machine.test-kit.ts";
import { MemoryStorage } from "./memory-storage.ts";
import type { Message } from "./message.ts";
import type { RaftOptions } from "./options.ts";
import { Raft } from "./raft.ts";
import type { ReadState, Ready, Save, Standing } from "./ready.ts";

export type HostOptions = Omit<RaftOptions, "id" | "storage" | "applied">;

/** What a host tells those who watch it. */
export interface HostWatcher {
  sends?(host: Host, message: Message): void;
  appends?(host: Host, entries: readonly Entry[]): void;
  applies?(host: Host, entry: Entry): void;
  reconfigured?(host: Host, index: Index, configuration: Configuration): void;
  standing?(host: Host, standing: Standing): void;
  reads?(host: Host, read: ReadState): void;
}

/**
 * A machine with one raft node, a disk that is slow and forgets what was not synced, and a state machine. Nothing happens by itself:
 * `pump` collects what is ready, `sync` finishes the oldest save, `applyPage` applies the oldest page.
 */
export class Host {
  readonly id: NodeId;
  readonly watcher: HostWatcher;
  readonly #options: HostOptions;
  /** What a crash leaves for sure. */
  #disk = new MemoryStorage();
  /** What was written and may be lost, or half lost. */
  #written: Save[] = [];
  /** The log as the node has it in mind, saved or not. */
  view = new MemoryStorage();
  machine = new TestMachine();
  raft: Raft | undefined;
  #storage = new MemoryStorage();
  #saves: { readonly number: number; readonly save: Save }[] = [];
  #pages: (readonly Entry[])[] = [];
  outgoing: Message[] = [];
  restarts = 0;
  /** Whether a snapshot that is needed can be had at once. */
  hasSnapshotAtHand: () => boolean = () => true;

  constructor(id: NodeId, options: HostOptions, watcher: HostWatcher = {}) {
    this.id = id;
    this.#options = options;
    this.watcher = watcher;
  }

  /** The running node. */
  get node(): Raft {
    return defined(this.raft, `node ${this.id}`);
  }

  get durable(): MemoryStorage {
    return this.#disk;
  }

  get unsynced(): number {
    return this.#saves.length;
  }

  get unapplied(): number {
    return this.#pages.length;
  }

  found(ids: readonly NodeId[]): void {
    const { entries, hardState } = foundingLog(ids.map(id => ({ id, context: new Uint8Array() })));
    this.#disk.append(entries);
    this.#disk.setHardState(hardState);
    this.watcher.appends?.(this, entries);
    this.start();
  }

  start(): void {
    this.#storage = copyOf(this.#disk);
    this.view = copyOf(this.#disk);
    this.#saves = [];
    this.#pages = [];
    this.outgoing = [];
    const snapshot = this.#disk.snapshot();
    this.machine = new TestMachine(snapshot);
    this.raft = new Raft({ ...this.#options, id: this.id, storage: this.#storage, applied: snapshot?.index ?? 0n });
    this.pump();
  }

  /** Loses what was not synced, but for the first `kept` writes of it and `keptPart` (0 … 1) of the next. */
  crash(kept = 0, keptPart = 0): void {
    const writes = [...this.#written, ...this.#saves.map(({ save }) => save)];
    for (const [place, save] of writes.entries()) {
      if (place < kept) this.#disk.save(save);
      else if (place === kept) this.#disk.save(tornAt(save, keptPart));
    }
    this.#written = [];
    this.#saves = [];
    this.raft = undefined;
    this.restarts += 1;
  }

  /** Collects everything that is ready. */
  pump(): void {
    for (;;) {
      const ready = this.raft?.ready();
      if (!ready) return;
      this.#take(ready);
    }
  }

  /** Finishes the oldest save. False when there is none. */
  sync(): boolean {
    const next = this.#saves.shift();
    if (!next) return false;
    const { save, number } = next;
    this.#written.push(save);
    if (save.mustSync) {
      for (const written of this.#written) this.#disk.save(written);
      this.#written = [];
    }
    this.#storage.save(save);
    if (save.snapshot) {
      this.machine = new TestMachine(save.snapshot);
      this.#pages = [];
    }
    this.node.persisted(number);
    this.pump();
    return true;
  }

  /** Applies the oldest page. False when there is none. */
  applyPage(): boolean {
    const page = this.#pages.shift();
    const last = page?.at(-1);
    if (!page || !last) return false;
    for (const entry of page) {
      this.machine.apply(entry);
      this.watcher.applies?.(this, entry);
    }
    const configuration = this.node.applied(last.index);
    if (configuration) this.watcher.reconfigured?.(this, last.index, configuration);
    this.pump();
    return true;
  }

  /** Takes a durable snapshot of the state machine, and keeps only so many entries before it. False when there is nothing new. */
  compact(keep: bigint): boolean {
    const { index } = this.machine;
    const term = this.#disk.term(index);
    if (index <= (this.#disk.snapshot()?.index ?? 0n) || term === undefined || this.#saves.some(s => s.save.snapshot))
      return false;
    const snapshot: Snapshot = { index, term, configuration: this.node.configuration, data: this.machine.encode() };
    for (const storage of [this.#disk, this.#storage, this.view]) {
      storage.offer(snapshot, () => (storage !== this.#storage || this.hasSnapshotAtHand() ? snapshot : undefined));
      if (index > keep) storage.compact(index - keep);
    }
    return true;
  }

  #take(ready: Ready): void {
    if (ready.save) {
      this.#saves.push({ number: ready.number, save: ready.save });
      this.view.save(ready.save);
      if (ready.save.entries.length > 0) this.watcher.appends?.(this, ready.save.entries);
    }
    if (ready.committed.length > 0) this.#pages.push(ready.committed);
    if (ready.standing) this.watcher.standing?.(this, ready.standing);
    for (const message of ready.messages) {
      this.watcher.sends?.(this, message);
      this.outgoing.push(message);
    }
    for (const read of ready.reads) this.watcher.reads?.(this, read);
  }
}

/** What a write leaves that was cut off: its parts are written in their order. */
function tornAt(save: Save, part: number): Save {
  const pieces = (save.snapshot ? 1 : 0) + save.entries.length + (save.hardState ? 1 : 0);
  let left = Math.floor(part * (pieces + 1));
  const snapshot = save.snapshot && left-- > 0 ? save.snapshot : undefined;
  const isWhole = !save.snapshot || snapshot;
  const entries = isWhole ? save.entries.slice(0, Math.max(left, 0)) : [];
  const hardState = left > save.entries.length ? save.hardState : undefined;
  return { snapshot, entries, hardState, mustSync: save.mustSync };
}

function copyOf(storage: MemoryStorage): MemoryStorage {
  const copy = new MemoryStorage();
  const snapshot = storage.snapshot();
  const base = storage.firstIndex - 1n;
  const data = new Uint8Array();
  if (base > 0n) {
    const term = defined(storage.term(base), "the base's term");
    copy.install({ index: base, term, configuration: noConfiguration, data });
  }
  if (storage.lastIndex > base) copy.append(storage.entries(base + 1n, storage.lastIndex, Number.POSITIVE_INFINITY));
  if (snapshot) copy.record(snapshot);
  copy.setHardState(storage.hardState);
  return copy;
}
