import { createHash } from "node:crypto";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Bell } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import { type NetworkMessage, NetworkMessageSchema } from "../wire/gen/shoal/v1/network_pb.ts";
import { type Plane, wholeOf } from "./plane-state.ts";

/** Least time between two writes, in milliseconds: a plane of 10,000 endpoints is a megabyte. */
const writePeriodMs = 2_000;
/** Bytes of the SHA-256 that the file begins with. */
const digestBytes = 32;

export interface PlaneMemoryOptions {
  readonly disk: Disk;
  /** Whose directory somebody else makes, and removes when the node leaves its swarm. */
  readonly path: string;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Keeps what the managers said last of a node's networks over a restart of its daemon, for as long as none of them can be
 * reached. No key is in it: those of a tunnel are in its device. A file that is damaged, or another node's, is as none.
 */
export class PlaneMemory {
  readonly #options: PlaneMemoryOptions;
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  #unwritten: Plane | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: PlaneMemoryOptions) {
    this.#options = options;
  }

  /** The plane as a message that holds all of it; undefined when there is none to be had. */
  async load(): Promise<NetworkMessage | undefined> {
    const { disk, path, log } = this.#options;
    try {
      const content = await disk.read(path);
      return content && this.#parse(content);
    } catch (error) {
      log.warn("cannot read what was kept of this node's networks", { path, error: asFault(error).message });
      return undefined;
    }
  }

  /** Written soon; of several in a row only the last. */
  note(plane: Plane): void {
    if (this.#closing.signal.aborted) return;
    this.#unwritten = plane;
    this.#writing ??= this.#writeLoop(this.#closing.signal);
    this.#bell.ring();
  }

  /** Resolves when what was noted is on the disk, or could not be written. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#writing;
  }

  /** Forgets it on the disk too: the node leaves. */
  async forget(): Promise<void> {
    this.#unwritten = undefined;
    await this.close();
    await this.#options.disk.remove(this.#options.path);
  }

  async #writeLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted || this.#unwritten) {
      if (!this.#unwritten) await this.#bell.wait();
      else await this.#write(this.#unwritten);
      await sleep(this.#options.clock, writePeriodMs, signal);
    }
  }

  async #write(plane: Plane): Promise<void> {
    const { disk, path, log } = this.#options;
    this.#unwritten = undefined;
    try {
      const bytes = toBinary(NetworkMessageSchema, wholeOf(withoutSecrets(plane)));
      await disk.replace(path, Buffer.concat([this.#digest(bytes), bytes]));
    } catch (error) {
      log.warn("cannot keep what the managers say of this node's networks", { path, error: asFault(error).message });
    }
  }

  #parse(content: Uint8Array): NetworkMessage {
    const bytes = content.subarray(digestBytes);
    if (!this.#digest(bytes).equals(content.subarray(0, digestBytes)))
      throw new Fault("data_loss", "it is damaged, or another node's");
    return fromBinary(NetworkMessageSchema, bytes);
  }

  #digest(bytes: Uint8Array): Buffer {
    return createHash("sha256").update(`${this.#options.nodeId}\n`).update(bytes).digest();
  }
}

function withoutSecrets(plane: Plane): Plane {
  const nodes = [...plane.nodes].map(([id, node]) => [id, { ...node, presharedKey: new Uint8Array() }] as const);
  return { ...plane, nodes: new Map(nodes) };
}
