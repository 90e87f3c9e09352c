import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { certificatesIn } from "../../src/node/state-file.ts";
import { loadNodeFiles } from "../../src/pki/key-file.ts";
import { managerServerName } from "../../src/pki/subject.ts";
import { systemDisk } from "../../src/platform/disk.ts";
import {
  CreateConfigRequestSchema,
  CreateConfigResponseSchema,
  RemoveConfigRequestSchema,
} from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Daemon } from "../../test/lab/daemon.ts";
import { Caller } from "./caller.ts";

const clusterPort = 2377;
const createPath = "/docker.swarmkit.v1.Control/CreateConfig";
const removePath = "/docker.swarmkit.v1.Control/RemoveConfig";

/** Writes configs through a manager's Control service, with the certificate of some manager's data root. */
export class Configs {
  readonly #caller: Caller;
  readonly #data: Uint8Array;
  readonly #made: string[] = [];

  private constructor(caller: Caller, bytes: number) {
    this.#caller = caller;
    this.#data = Buffer.alloc(bytes, "x");
  }

  /** Calls to the manager `at`, each config of `bytes` bytes. */
  static async at(daemon: Daemon, bytes: number): Promise<Configs> {
    const files = await loadNodeFiles(systemDisk, certificatesIn(join(daemon.directory, "data", "swarm")));
    if (!files) throw new Error(`${daemon.options.hostname} has no certificate`);
    const tls = { ca: files.rootPem, cert: files.certificatePem, key: files.keyPem, serverName: managerServerName };
    return new Configs(new Caller(`${daemon.options.address}:${clusterPort}`, tls), bytes);
  }

  async create(name: string, timeoutMs?: number): Promise<void> {
    const request = create(CreateConfigRequestSchema, { spec: { annotations: { name }, data: this.#data } });
    const answer = await this.#caller.call(createPath, toBinary(CreateConfigRequestSchema, request), timeoutMs);
    this.#made.push(fromBinary(CreateConfigResponseSchema, answer).config?.id ?? "");
  }

  /** Removes every config made here, `atOnce` at a time. */
  async clear(atOnce = 64): Promise<void> {
    const remover = async (): Promise<void> => {
      for (let id = this.#made.pop(); id !== undefined; id = this.#made.pop()) {
        const request = create(RemoveConfigRequestSchema, { configId: id });
        await this.#caller.call(removePath, toBinary(RemoveConfigRequestSchema, request));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, remover));
  }

  close(): void {
    this.#caller.close();
  }
}
