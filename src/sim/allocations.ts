import { holdingsOfNode, holdingsOfService, holdingsOfTask } from "../control/allocator/holdings.ts";
import { overlap, parseCidr } from "../lib/ip.ts";
import { isOverlay, vxlanIdOf } from "../model/network.ts";
import type { ReadTx } from "../store/tx.ts";
import { PortConfig_PublishMode as PublishMode } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Who holds each address, by network and address. */
export function holders(tx: ReadTx): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const note = (who: string, holdings: ReturnType<typeof holdingsOfTask>) => {
    for (const { networkId, address } of holdings) {
      const key = `${networkId} ${address}`;
      found.set(key, [...(found.get(key) ?? []), who]);
    }
  };
  for (const node of tx.node.all()) note(`node ${node.id}`, holdingsOfNode(node));
  for (const service of tx.service.all()) note(`service ${service.id}`, holdingsOfService(service));
  for (const task of tx.task.all()) note(`task ${task.id}`, holdingsOfTask(task));
  return found;
}

/** What must hold after every commit: nothing that was given is given to another one too. */
export function* doubleAllocations(tx: ReadTx): Iterable<string> {
  for (const [address, who] of holders(tx)) if (who.length > 1) yield `${address} is held by ${who.join(" and ")}`;
  const networks = [...tx.network.all()].filter(network => network.driverState && isOverlay(network));
  const subnets = networks.flatMap(({ id, ipam }) =>
    (ipam?.configs ?? []).flatMap(config => {
      const subnet = parseCidr(config.subnet);
      return subnet ? [{ id, subnet }] : [];
    }),
  );
  for (const [at, a] of subnets.entries())
    for (const b of subnets.slice(at + 1)) if (overlap(a.subnet, b.subnet)) yield `${a.id} and ${b.id} overlap`;
  const ids = networks.map(vxlanIdOf);
  if (new Set(ids).size < ids.length) yield `VXLAN ids are not unique: ${ids}`;
  const ports = [...tx.service.all()].flatMap(({ endpoint }) => endpoint?.ports ?? []);
  const published = ports
    .filter(port => port.publishMode === PublishMode.INGRESS)
    .map(port => `${port.protocol}/${port.publishedPort}`);
  if (new Set(published).size < published.length) yield `ports are published twice: ${published}`;
}
