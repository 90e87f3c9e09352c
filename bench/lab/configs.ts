import { Agent, request } from "node:http";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { certificatesIn } from "../../src/node/state-file.ts";
import { type CredentialTexts, parseCredentials } from "../../src/pki/credentials.ts";
import { loadNodeFiles } from "../../src/pki/key-file.ts";
import { LiveIdentity } from "../../src/pki/live-identity.ts";
import { managerServerName } from "../../src/pki/subject.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemDisk } from "../../src/platform/disk.ts";
import { silentLogger } from "../../src/ports/log.ts";
import type { Client, Connection } from "../../src/ports/transport.ts";
import { grpcTransport } from "../../src/rpc/transport.ts";
import {
  Control,
  CreateConfigRequestSchema,
  CreateConfigResponseSchema,
  RemoveConfigRequestSchema,
} from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Daemon } from "../../test/lab/daemon.ts";
import { Caller } from "./caller.ts";

const clusterPort = 2377;
const createPath = "/docker.swarmkit.v1.Control/CreateConfig";
const removePath = "/docker.swarmkit.v1.Control/RemoveConfig";

/** Writes configs to one manager, each of the same size, and remembers them. */
export abstract class Configs {
  readonly #made: string[] = [];

  async create(name: string, timeoutMs?: number): Promise<void> {
    this.#made.push(await this.send(name, timeoutMs));
  }

  /** Removes every config made here, `atOnce` at a time. */
  async clear(atOnce = 64): Promise<void> {
    const remover = async (): Promise<void> => {
      for (let id = this.#made.pop(); id !== undefined; id = this.#made.pop()) await this.remove(id);
    };
    await Promise.all(Array.from({ length: atOnce }, remover));
  }

  abstract close(): void;
  /** Gives the new config's id. */
  protected abstract send(name: string, timeoutMs?: number): Promise<string>;
  protected abstract remove(id: string): Promise<void>;
}

/** Through the manager's Control service, over mutual TLS, with the certificate of its data root. */
export class GrpcConfigs extends Configs {
  readonly #caller: Caller;
  readonly #data: Uint8Array;

  private constructor(caller: Caller, bytes: number) {
    super();
    this.#caller = caller;
    this.#data = Buffer.alloc(bytes, "x");
  }

  static async at(daemon: Daemon, bytes: number): Promise<GrpcConfigs> {
    const files = await filesOf(daemon);
    const tls = { ca: files.rootPem, cert: files.certificatePem, key: files.keyPem, serverName: managerServerName };
    return new GrpcConfigs(new Caller(`${daemon.options.address}:${clusterPort}`, tls), bytes);
  }

  close(): void {
    this.#caller.close();
  }

  protected async send(name: string, timeoutMs?: number): Promise<string> {
    const request = create(CreateConfigRequestSchema, { spec: { annotations: { name }, data: this.#data } });
    const answer = await this.#caller.call(createPath, toBinary(CreateConfigRequestSchema, request), timeoutMs);
    return fromBinary(CreateConfigResponseSchema, answer).config?.id ?? "";
  }

  protected async remove(configId: string): Promise<void> {
    const request = create(RemoveConfigRequestSchema, { configId });
    await this.#caller.call(removePath, toBinary(RemoveConfigRequestSchema, request));
  }
}

/** As another manager passes its clients' calls on to the leader: over the way that managers have among themselves. */
export class ManagerConfigs extends Configs {
  readonly #connection: Connection;
  readonly #control: Client<typeof Control>;
  readonly #data: Uint8Array;

  private constructor(connection: Connection, bytes: number) {
    super();
    this.#connection = connection;
    this.#control = connection.client(Control);
    this.#data = Buffer.alloc(bytes, "x");
  }

  static async at(daemon: Daemon, bytes: number): Promise<ManagerConfigs> {
    const identity = new LiveIdentity(parseCredentials(await filesOf(daemon)));
    const transport = grpcTransport({ identity, log: silentLogger, clock: systemClock });
    return new ManagerConfigs(transport.connect(`${daemon.options.address}:${clusterPort}`), bytes);
  }

  close(): void {
    this.#connection.close();
  }

  protected async send(name: string, timeoutMs = 30_000): Promise<string> {
    const spec = { annotations: { name }, data: this.#data };
    return (await this.#control.createConfig({ spec }, { timeoutMs })).config?.id ?? "";
  }

  protected async remove(configId: string): Promise<void> {
    await this.#control.removeConfig({ configId });
  }
}

async function filesOf(daemon: Daemon): Promise<CredentialTexts> {
  const files = await loadNodeFiles(systemDisk, certificatesIn(join(daemon.directory, "data", "swarm")));
  if (!files) throw new Error(`${daemon.options.hostname} has no certificate`);
  return files;
}

/** Through the Docker API on the manager's socket. */
export class HttpConfigs extends Configs {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #daemon: Daemon;
  readonly #data: string;

  constructor(daemon: Daemon, bytes: number) {
    super();
    this.#daemon = daemon;
    this.#data = Buffer.alloc(bytes, "x").toString("base64");
  }

  close(): void {
    this.#agent.destroy();
  }

  protected async send(name: string, timeoutMs?: number): Promise<string> {
    const made = await this.#call("POST", "/configs/create", { Name: name, Data: this.#data }, timeoutMs);
    return (JSON.parse(made) as { ID: string }).ID;
  }

  protected async remove(id: string): Promise<void> {
    await this.#call("DELETE", `/configs/${id}`);
  }

  #call(method: string, path: string, body?: unknown, timeoutMs = 30_000): Promise<string> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      content === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(content) };
    const { socket: socketPath } = this.#daemon;
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, method, path, headers, agent: this.#agent }, response => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          if ((response.statusCode ?? 0) < 400) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.trim()}`));
        });
      });
      const late = () => outgoing.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`));
      outgoing.setTimeout(timeoutMs, late);
      outgoing.on("error", reject);
      outgoing.end(content);
    });
  }
}
