import { join } from "node:path";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Caller } from "../../bench/lab/caller.ts";
import { certificatesIn } from "../../src/node/state-file.ts";
import { loadNodeFiles } from "../../src/pki/key-file.ts";
import { managerServerName } from "../../src/pki/subject.ts";
import { systemDisk } from "../../src/platform/disk.ts";
import {
  ListNetworksResponseSchema,
  ListNodesResponseSchema,
  ListServicesResponseSchema,
  ListTasksResponseSchema,
} from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { HostProcess } from "../lab/namespace.ts";
import type { OverlaySwarm } from "../lab/overlay-swarm.ts";
import type { SwarmState } from "./swarm-state.ts";

const clusterPort = 2377;

/** Passes connections on from a unix socket, which is the same in all namespaces, to a port that is in one of them alone. */
const relay = `const [path, address] = process.argv.slice(1);
const end = socket => socket.on("error", () => socket.destroy());
require("node:net").createServer(from => {
  const to = require("node:net").connect(${clusterPort}, address);
  for (const [one, other] of [[from, to], [to, from]]) { end(one); one.pipe(other); one.on("close", () => other.destroy()); }
}).listen(path);`;

/** Reads the managers' own objects from the leader, by the API that managers have for each other. */
export class StateReader {
  readonly #caller: Caller;
  readonly #relay: HostProcess;

  private constructor(caller: Caller, process: HostProcess) {
    this.#caller = caller;
    this.#relay = process;
  }

  static async open({ manager, client }: OverlaySwarm): Promise<StateReader> {
    const path = join(client.dir, "manager.sock");
    const argv = [process.execPath, "-e", relay, path, manager.options.address];
    const relaying = await client.namespace.spawn(argv, join(client.dir, "relay.log"));
    const files = await loadNodeFiles(systemDisk, certificatesIn(join(manager.directory, "data", "swarm")));
    if (!files) throw new Error("the first manager has no certificate");
    const tls = { ca: files.rootPem, cert: files.certificatePem, key: files.keyPem, serverName: managerServerName };
    return new StateReader(new Caller(`unix:${path}`, tls), relaying);
  }

  async read(): Promise<SwarmState> {
    const [{ nodes }, { services }, { tasks }, { networks }] = await Promise.all([
      this.#list("ListNodes", ListNodesResponseSchema),
      this.#list("ListServices", ListServicesResponseSchema),
      this.#list("ListTasks", ListTasksResponseSchema),
      this.#list("ListNetworks", ListNetworksResponseSchema),
    ]);
    return { nodes, services, tasks, networks };
  }

  async close(): Promise<void> {
    this.#caller.close();
    await this.#relay.end();
  }

  async #list<T extends DescMessage>(method: string, schema: T): Promise<MessageShape<T>> {
    const answer = await this.#caller.call(`/docker.swarmkit.v1.Control/${method}`, new Uint8Array(0));
    return fromBinary(schema, answer);
  }
}
