import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { type Network, newMeta } from "../model/objects.ts";
import { predefinedLabel, predefinedNetworks } from "../model/predefined-network.ts";
import type { Random } from "../ports/random.ts";
import type { WriteTx } from "../store/tx.ts";
import { NetworkSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { NetworkSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, DriverSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/**
 * Makes the swarm know the networks that every node has of its own, so that services can ask for them. A new swarm gets its
 * ingress network with them; one that its users removed later does not come back by itself.
 */
export function recordPredefinedNetworks(tx: WriteTx, random: Random): void {
  if (predefinedNetworks.every(name => tx.network.byName(name).length === 0))
    tx.network.create(ingressNetwork(newId(random)));
  for (const name of predefinedNetworks)
    if (tx.network.byName(name).length === 0) tx.network.create(predefinedNetwork(name, newId(random)));
}

function ingressNetwork(id: string): Network {
  const annotations = create(AnnotationsSchema, { name: "ingress" });
  const spec = create(NetworkSpecSchema, {
    annotations,
    driverConfig: { name: "overlay" },
    ipam: { driver: { name: "default" } },
    ingress: true,
  });
  return { ...create(NetworkSchema, { id }), meta: newMeta(), spec: { ...spec, annotations } };
}

function predefinedNetwork(name: string, id: string): Network {
  const annotations = create(AnnotationsSchema, { name, labels: { [predefinedLabel]: "true" } });
  const driver = create(DriverSchema, { name });
  const spec = create(NetworkSpecSchema, { annotations, driverConfig: driver });
  return { ...create(NetworkSchema, { id, driverState: driver }), meta: newMeta(), spec: { ...spec, annotations } };
}
