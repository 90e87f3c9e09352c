import { DataPlane } from "../network/data-plane.ts";
import { NetworkedRuntime } from "../network/networked-runtime.ts";
import { PlaneMemory } from "../network/plane-memory.ts";
import { systemDisk } from "../platform/disk.ts";
import { EngineBridgeNetworks } from "../platform/docker/bridge-networks.ts";
import { EngineClient } from "../platform/docker/client.ts";
import { parseEndpoint } from "../platform/docker/endpoint.ts";
import { DockerRuntime, type DockerRuntimeOptions } from "../platform/docker/runtime.ts";
import { EngineUserContainers } from "../platform/docker/user-containers.ts";
import { SystemNameSockets } from "../platform/net/name-sockets.ts";
import { systemNetOps } from "../platform/net/net-ops.ts";
import { systemNetProbes } from "../platform/net/net-probes.ts";
import { systemTunnelOps } from "../platform/net/tunnel-ops.ts";
import type { Meters } from "../ports/meters.ts";

/**
 * The runtime of a node whose overlay networks are carried by `address`, with the swarm's networks where this machine can have them.
 * What they are made of is kept in `file`.
 */
export async function networkedDocker(
  options: DockerRuntimeOptions & { readonly meters: Meters },
  address: string,
  file: string,
): Promise<DockerRuntime | NetworkedRuntime> {
  const { nodeId, clock, random, log, meters } = options;
  const reason = await obstacle(address);
  if (reason !== undefined) {
    log.warn("this node has no overlay networks and no part in the routing mesh", { reason });
    return new DockerRuntime({ ...options, networks: { available: false, reason } });
  }
  const client = new EngineClient(parseEndpoint(options.endpoint), clock);
  const engine = new EngineBridgeNetworks(client, nodeId);
  const containers = new EngineUserContainers({ client, clock, random, log });
  const names = new SystemNameSockets();
  const memory = new PlaneMemory({ disk: systemDisk, path: file, nodeId, clock, log });
  const machine = { ops: systemNetOps, tunnels: systemTunnelOps, engine, names };
  const plane = new DataPlane({ nodeId, address, ...machine, memory, clock, random, log, meters });
  const nameServers = (networkIds: readonly string[]): readonly string[] => plane.nameServers(networkIds);
  const runtime = new DockerRuntime({ ...options, networks: { available: true, nameServers } });
  if (address !== "") await plane.recall();
  const doors = { ops: systemNetOps, engine, probes: systemNetProbes, containers };
  return new NetworkedRuntime(runtime, plane, { ...doors, nodeId, clock, random, log });
}

/** Why a node can have no networks of the swarm's. A node that leaves has no address, and needs none to take them away. */
async function obstacle(address: string): Promise<string | undefined> {
  if (address.startsWith("127.")) return `other machines cannot reach it at ${address}`;
  return systemNetOps.obstacle();
}
