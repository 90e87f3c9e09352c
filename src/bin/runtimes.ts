import type { Machine } from "../docker-api/system/machine.ts";
import type { AttachmentDesk } from "../network/attachments/desk.ts";
import { NetworkedRuntime } from "../network/networked-runtime.ts";
import { systemClock } from "../platform/clock.ts";
import { DockerEngine } from "../platform/docker/engine.ts";
import type { DockerRuntimeOptions } from "../platform/docker/runtime.ts";
import { EmbeddedEngine } from "../platform/embedded/engine/engine.ts";
import { type EmbeddedRuntime, embeddedRuntime } from "../platform/embedded/runtime.ts";
import { systemRandom } from "../platform/random.ts";
import type { ContainerNetworks } from "../ports/container-networks.ts";
import type { Engine } from "../ports/engine.ts";
import type { Logger } from "../ports/log.ts";
import type { Meters } from "../ports/meters.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { DaemonConfig } from "./config.ts";
import { genericResources } from "./generic-resources.ts";
import { networkedDocker } from "./networked-docker.ts";

/** What runs this node's tasks, and what answers for the engine. */
export interface RuntimeChoice {
  readonly engine: Engine;
  /** How the engine's own containers come to the swarm's networks; undefined while they cannot. */
  containerNetworks(): ContainerNetworks | undefined;
  /** The runtime of node `nodeId`, which publishes on `address`; its overlay networks are carried by `dataAddress`. */
  runtime(nodeId: string, address: string, dataAddress: string): Promise<Runtime>;
}

export function chooseRuntime(config: DaemonConfig, machine: Machine, log: Logger, meters: Meters): RuntimeChoice {
  const common = {
    clock: systemClock,
    random: systemRandom,
    log,
    meters,
    hostname: config.hostname,
    labels: config.labels,
    genericResources: genericResources(config.genericResources),
  };
  return config.runtime === "docker" ? docker(config, common) : embedded(config, machine, common);
}

type Common = Omit<DockerRuntimeOptions, "endpoint" | "nodeId" | "hostname"> & {
  readonly hostname: string;
  readonly meters: Meters;
};

function docker(config: DaemonConfig, common: Common): RuntimeChoice {
  let desk: AttachmentDesk | undefined;
  return {
    engine: new DockerEngine(config.engine, systemClock),
    containerNetworks: () => (desk?.isOpen ? desk : undefined),
    async runtime(nodeId, address, dataAddress) {
      // On a loopback address of its own a node publishes there alone: others on this machine want the same ports.
      const publishAddress = address.startsWith("127.") ? { publishAddress: address } : {};
      const options = { ...common, ...publishAddress, endpoint: config.engine, nodeId };
      const runtime = await networkedDocker(options, dataAddress, `${config.dataRoot}/swarm/worker/networks`);
      desk = runtime instanceof NetworkedRuntime ? runtime.desk : undefined;
      return runtime;
    },
  };
}

function embedded(config: DaemonConfig, machine: Machine, common: Common): RuntimeChoice {
  let current: EmbeddedRuntime | undefined;
  return {
    engine: new EmbeddedEngine({ machine, clock: systemClock, runtime: () => current }),
    containerNetworks: () => undefined,
    async runtime(nodeId, address) {
      const directory = `${config.dataRoot}/embedded`;
      const options = { ...common, directory, nodeId, version: machine.version, advertiseAddress: () => address };
      current = await embeddedRuntime(options);
      return current;
    },
  };
}
