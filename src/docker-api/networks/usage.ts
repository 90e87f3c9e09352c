import type { Client } from "../../ports/transport.ts";
import type { Control } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Network, Node, Service, Task } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type JsonObject, omitEmpty } from "../convert/omit.ts";
import { containerMac } from "./container-mac.ts";

/** Characters of a node's id that stand for it among a network's peers. Docker's. */
const peerNameLength = 12;

/** What is on a network: who asks sees the containers of this node, and with `verbose` all services and their tasks. */
export async function usageOf(
  network: Network,
  control: Client<typeof Control>,
  { nodeId, verbose }: { readonly nodeId: string; readonly verbose: boolean },
): Promise<JsonObject> {
  const [{ nodes }, { tasks }, services] = await Promise.all([
    control.listNodes({}),
    control.listTasks(verbose ? {} : { filters: { nodeIds: [nodeId] } }),
    verbose ? control.listServices({}).then(list => list.services) : [],
  ]);
  const here = tasks.filter(task => isThere(task) && addressesOn(network, task).length > 0);
  const addresses = new Map(nodes.map(({ id, status }) => [id, status?.addr ?? ""]));
  const own = here.filter(task => task.nodeId === nodeId).map(task => containerOf(network, task));
  const self = nodes.find(node => node.id === nodeId && isOn(network, node));
  const containers = [...own, ...(self ? [nodeEndpoint(network, self)] : [])];
  const shown = servicesOf(network, services, here, addresses);
  return {
    Containers: containers.length > 0 ? Object.fromEntries(containers) : null,
    ...(self && { Labels: network.spec?.annotations?.labels ?? {} }),
    ...omitEmpty({ Peers: nodes.filter(node => isOn(network, node)).map(peerOf) }),
    ...(Object.keys(shown).length > 0 && { Services: shown }),
  };
}

function servicesOf(
  network: Network,
  services: readonly Service[],
  tasks: readonly Task[],
  addresses: ReadonlyMap<string, string>,
): JsonObject {
  const entries = services.flatMap(service => {
    const own = tasks.filter(task => task.serviceId === service.id);
    const virtualIp = service.endpoint?.virtualIps.find(({ networkId }) => networkId === network.id)?.addr;
    if (own.length === 0 && virtualIp === undefined) return [];
    const shown = {
      VIP: virtualIp ? bare(virtualIp) : "<nil>",
      Ports: (service.endpoint?.ports ?? []).map(
        ({ targetPort, publishedPort }) => `Target: ${targetPort}, Publish: ${publishedPort}`,
      ),
      LocalLBIndex: 0,
      Tasks: own.map(task => ({
        Name: nameOf(task),
        EndpointID: task.id,
        EndpointIP: bare(addressesOn(network, task)[0] ?? ""),
        Info: { "Host IP": addresses.get(task.nodeId) ?? "" },
      })),
    };
    return [[service.spec?.annotations?.name ?? service.id, shown] as const];
  });
  return Object.fromEntries(entries);
}

/** An endpoint has no id of its own here: its task's stands for it. */
function containerOf(network: Network, task: Task): readonly [string, JsonObject] {
  const { status } = task;
  const container = status?.runtimeStatus.case === "container" ? status.runtimeStatus.value.containerId : "";
  return [container || task.id, endpointOf(nameOf(task), task.id, addressesOn(network, task))];
}

/** The node's own place on the network, under the names that Docker's load balancer has there. */
function nodeEndpoint(network: Network, node: Node): readonly [string, JsonObject] {
  const name = network.spec?.annotations?.name ?? "";
  const addresses = node.attachments.find(attachment => attachment.network?.id === network.id)?.addresses ?? [];
  const key = network.spec?.ingress ? "ingress-sbox" : `lb-${name}`;
  return [key, endpointOf(`${name}-endpoint`, node.id, addresses)];
}

function endpointOf(name: string, id: string, addresses: readonly string[]): JsonObject {
  const IPv4Address = addresses.find(address => !address.includes(":")) ?? "";
  return {
    Name: name,
    EndpointID: id,
    MacAddress: containerMac(bare(IPv4Address)),
    IPv4Address,
    IPv6Address: addresses.find(address => address.includes(":")) ?? "",
  };
}

function peerOf({ id, status }: Node): JsonObject {
  return { Name: id.slice(0, peerNameLength), IP: status?.addr ?? "" };
}

function isOn({ id }: Network, { attachments }: Node): boolean {
  return attachments.some(({ network }) => network?.id === id);
}

function isThere({ status }: Task): boolean {
  const state = status?.state ?? TaskState.NEW;
  return state >= TaskState.ASSIGNED && state <= TaskState.RUNNING;
}

function addressesOn({ id }: Network, { networks }: Task): readonly string[] {
  return networks.find(({ network }) => network?.id === id)?.addresses ?? [];
}

function nameOf({ annotations, serviceAnnotations, slot, nodeId, id }: Task): string {
  return annotations?.name || `${serviceAnnotations?.name ?? ""}.${slot === 0n ? nodeId : slot}.${id}`;
}

function bare(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address : address.slice(0, slash);
}
