import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { newId } from "../lib/ids.ts";
import { overlap, parseCidr } from "../lib/ip.ts";
import { isIngress } from "../model/network.ts";
import { type Network, newMeta } from "../model/objects.ts";
import { predefinedLabel } from "../model/predefined-network.ts";
import { isLive } from "../model/task.ts";
import type { ReadTx } from "../store/tx.ts";
import { NetworkSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { PortConfig_PublishMode as PublishMode } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkedNetworkSpec } from "./network-spec.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { selectBySpec } from "./select.ts";

export function networkMethods({
  store,
  random,
}: ControlApiParts): Methods<"getNetwork" | "listNetworks" | "createNetwork" | "removeNetwork"> {
  return {
    async getNetwork(request) {
      const id = required(request.networkId);
      const network = store.view(tx => tx.network.get(id));
      if (!network) throw notFound("network", id);
      return { network };
    },

    async listNetworks({ filters }) {
      return { networks: store.view(tx => selectBySpec(tx.network, filters)) };
    },

    async createNetwork(request) {
      const spec = checkedNetworkSpec(request.spec);
      const network = await store.update(tx => {
        const ingress = spec.ingress && [...tx.network.all()].find(isIngress);
        if (ingress) throw new Fault("already_exists", `ingress network (${ingress.id}) is already present`);
        checkSubnets(tx, spec);
        return tx.network.create({ ...create(NetworkSchema, { id: newId(random) }), meta: newMeta(), spec });
      });
      return { network };
    },

    async removeNetwork(request) {
      const id = required(request.networkId);
      await store.update(tx => {
        const network = tx.network.get(id);
        if (!network) throw notFound("network", id);
        checkUnused(tx, network);
        tx.network.remove(id);
      });
      return {};
    },
  };
}

/** Subnets belong to one network each: of those given and those asked for. Docker's text. */
function checkSubnets(tx: ReadTx, spec: Network["spec"]): void {
  const wanted = (spec.ipam?.configs ?? []).flatMap(({ subnet }) => parseCidr(subnet) ?? []);
  const taken = [...tx.network.all()].flatMap(({ ipam, spec: other }) =>
    [...(ipam?.configs ?? []), ...(other.ipam?.configs ?? [])].flatMap(({ subnet }) => parseCidr(subnet) ?? []),
  );
  for (const [at, subnet] of wanted.entries())
    if ([...taken, ...wanted.slice(0, at)].some(other => overlap(other, subnet)))
      throw new Fault("permission_denied", "Pool overlaps with other one on this address space");
}

function checkUnused(tx: ReadTx, network: Network): void {
  const { id, spec } = network;
  if (spec.annotations.labels[predefinedLabel] === "true")
    throw inUse(`network ${id} (${spec.annotations.name}) is a swarm predefined network and cannot be removed`);
  if (isIngress(network)) {
    checkIngressUnused(tx);
    return;
  }
  for (const service of tx.service.byNetwork(id)) throw inUse(`network ${id} is in use by service ${service.id}`);
  for (const task of tx.task.byNetwork(id)) {
    // `stack rm` removes services and their networks in one go: the tasks of a service that is gone are on their way out.
    const isGoing = task.serviceId !== "" && !tx.service.get(task.serviceId);
    if (isLive(task) && !isGoing) throw inUse(`network ${id} is in use by task ${task.id}`);
  }
}

function checkIngressUnused(tx: ReadTx): void {
  for (const { id, spec } of tx.service.all())
    if (spec.endpoint?.ports.some(port => port.publishMode === PublishMode.INGRESS))
      throw inUse(`ingress network cannot be removed because service ${id} depends on it`);
}

function inUse(message: string): Fault {
  return new Fault("failed_precondition", message);
}
