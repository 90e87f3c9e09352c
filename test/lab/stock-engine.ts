import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerClient } from "./docker-client.ts";
import type { LabHost } from "./lab.ts";

/** A host's Docker Engine as it comes from Docker, which is itself a node of a swarm, or its manager. */
export class StockEngine extends DockerClient {
  readonly host: LabHost;

  /** The host must have its engine. */
  constructor(host: LabHost) {
    super(host.docker.socket, join(host.dir, "cli"));
    this.host = host;
  }

  /** Hostname in `docker node ls`. */
  get name(): string {
    return this.host.name;
  }

  /** A file of the engine's swarm certificates (PEM), as it has it now. */
  certificate(file: "swarm-node.crt" | "swarm-root-ca.crt"): string {
    return readFileSync(join(this.host.dir, "docker/data/swarm/certificates", file), "utf8").trim();
  }

  /** The engine's process dies; its host does not. */
  async kill(): Promise<void> {
    await this.host.docker.end("SIGKILL");
  }

  async start(): Promise<void> {
    await this.host.docker.start();
  }
}
