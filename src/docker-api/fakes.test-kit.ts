import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { MemberStatus } from "../consensus/member.ts";
import { onAbort } from "../lib/bell.ts";
import { Channel } from "../lib/channel.ts";
import { Fault } from "../lib/fault.ts";
import type { Engine, EngineVersion } from "../ports/engine.ts";
import type { Client } from "../ports/transport.ts";
import { newSimStore } from "../sim/store.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { NetworkDoctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import type { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import type { InitRequest, JoinRequest, RestoreRequest, SwarmBackend, SwarmStatus } from "./backend.ts";

export type ControlMethods = Partial<Client<typeof Control>>;

/** A client with some methods; the others fault unimplemented, so that a test sees what it forgot. */
export function fakeControl(methods: ControlMethods): Client<typeof Control> {
  return new Proxy(methods as Client<typeof Control>, {
    get: (target, key) =>
      Reflect.get(target, key) ?? (() => Promise.reject(new Fault("unimplemented", `no fake for ${String(key)}`))),
  });
}

export const inactive: SwarmStatus = {
  state: "inactive",
  error: "",
  nodeId: "",
  nodeAddress: "",
  controlAvailable: false,
  managers: [],
};

export const managing: SwarmStatus = {
  state: "active",
  error: "",
  nodeId: "qvmvykqjrxccfq1k9p09s6qdv",
  nodeAddress: "10.77.0.3",
  controlAvailable: true,
  managers: [{ nodeId: "qvmvykqjrxccfq1k9p09s6qdv", address: "10.77.0.3:2377" }],
};

export const working: SwarmStatus = { ...managing, controlAvailable: false };
export const locked: SwarmStatus = { ...inactive, state: "locked" };

/** Changes as a test tells them, to everyone who reads at that moment. */
class Committed {
  readonly #readers = new Set<Channel<StoreEvent>>();

  async send(event: StoreEvent): Promise<void> {
    for (const reader of this.#readers) await reader.send(event);
  }

  /** Ends everyone's reading. */
  close(fault: Fault): void {
    for (const reader of this.#readers) reader.close(fault);
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly StoreEvent[], void> {
    const channel = new Channel<StoreEvent>(1_000);
    this.#readers.add(channel);
    const stop = onAbort(signal, () => channel.close());
    try {
      for await (const event of channel) yield [event];
    } finally {
      this.#readers.delete(channel);
      stop();
    }
  }
}

/** Remembers what it was asked; answers as told. */
export class FakeBackend implements SwarmBackend {
  current: SwarmStatus = managing;
  client: Client<typeof Control> = fakeControl({});
  doctorClient: Partial<Client<typeof NetworkDoctor>> = {};
  logClient: Partial<Client<typeof Logs>> = {};
  usageClient: Partial<Client<typeof Usage>> = {};
  key = "";
  quorum: readonly MemberStatus[] = [];
  /** What `view` reads. */
  readonly store = newSimStore();
  /** Thrown by init, join, leave and unlock. */
  failure: Fault | undefined;
  readonly asked: { readonly what: string; readonly with: unknown }[] = [];
  readonly committed = new Committed();

  status(): SwarmStatus {
    return this.current;
  }

  async init(request: InitRequest): Promise<string> {
    this.#ask("init", request);
    return "qvmvykqjrxccfq1k9p09s6qdv";
  }

  async join(request: JoinRequest): Promise<void> {
    this.#ask("join", request);
  }

  async leave(force: boolean): Promise<void> {
    this.#ask("leave", force);
  }

  async unlock(key: string): Promise<void> {
    this.#ask("unlock", key);
  }

  async unlockKey(): Promise<string> {
    return this.key;
  }

  async backup(passphrase: string): Promise<Uint8Array> {
    this.#ask("backup", passphrase);
    return Buffer.from(`sealed under ${passphrase}`);
  }

  async restore(request: RestoreRequest): Promise<string> {
    this.#ask("restore", request);
    return managing.nodeId;
  }

  doctor(): Client<typeof NetworkDoctor> {
    return this.doctorClient as Client<typeof NetworkDoctor>;
  }

  control(): Client<typeof Control> {
    return this.client;
  }

  members(): readonly MemberStatus[] {
    return this.quorum;
  }

  term(): bigint {
    return 7n;
  }

  logs(): Client<typeof Logs> {
    return this.logClient as Client<typeof Logs>;
  }

  usage(): Client<typeof Usage> {
    return this.usageClient as Client<typeof Usage>;
  }

  view<T>(callback: (tx: ReadTx) => T): T {
    return this.store.view(callback);
  }

  changes(signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    return this.committed.read(signal);
  }

  #ask(what: string, request: unknown): void {
    this.asked.push({ what, with: request });
    if (this.failure) throw this.failure;
  }
}

/** An engine that answers GETs from a table and says of everything else that it was handed through. */
export class FakeEngine implements Engine {
  present = true;
  readonly answers = new Map<string, unknown>();
  readonly handedThrough: { readonly method: string; readonly url: string; readonly body: string }[] = [];
  /** Paths that were to be deleted, and those of them that cannot be. */
  readonly removed: string[] = [];
  readonly inUse = new Set<string>();
  readonly told = new Channel<Record<string, unknown>>(100);

  async version(): Promise<EngineVersion> {
    return this.present
      ? { present: true, api: "1.41", engine: "20.10.24+dfsg1" }
      : { present: false, api: "1.50", engine: "" };
  }

  async getJson(path: string): Promise<unknown> {
    const [bare = ""] = path.split("?");
    if (!this.answers.has(bare)) throw new Fault("unavailable", "Cannot connect to the Docker Engine");
    return this.answers.get(bare);
  }

  async remove(path: string): Promise<void> {
    this.removed.push(path);
    const fault = this.inUse.has(path) ? new Fault("permission_denied", "it has active endpoints") : undefined;
    if (fault) throw fault;
  }

  handThrough(request: IncomingMessage, response: ServerResponse, body?: Uint8Array): void {
    const finish = (text: string) => {
      this.handedThrough.push({ method: request.method ?? "", url: request.url ?? "", body: text });
      response.writeHead(299, { "Content-Type": "text/plain" }).end("from the engine");
    };
    const chunks: Uint8Array[] = body ? [body] : [];
    const done = () => finish(Buffer.concat(chunks).toString());
    if (body) done();
    else request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", done);
  }

  handThroughUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.handedThrough.push({ method: request.method ?? "", url: request.url ?? "", body: head.toString() });
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    socket.pipe(socket);
  }

  async *events(_query: URLSearchParams, signal: AbortSignal): AsyncIterable<Record<string, unknown>> {
    const stop = onAbort(signal, () => this.told.close());
    yield* this.told;
    stop();
  }
}
