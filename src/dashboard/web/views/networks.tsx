import { countOf, holdersOn, roomIn } from "../model/addresses.ts";
import type { Network } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { Empty, Page } from "../parts/page.tsx";
import { ServiceLinks } from "../parts/service-links.tsx";
import { Table } from "../parts/table.tsx";
import { useSwarm } from "../state.ts";

/** The swarm's networks, how much room they have, and which services are on them. */
export function NetworksView() {
  const swarm = useSwarm("network", "service", "task", "node");
  const networks = [...swarm.all("network")]
    .filter(network => !standsForNodes(network))
    .sort((a, b) => a.Name.localeCompare(b.Name));
  return (
    <Page title="Networks">
      {networks.length === 0 ? (
        <Empty>There are none.</Empty>
      ) : (
        <Table name="Networks" heads={["Name", "Kind", "Subnet", "#Addresses free", "Services"]}>
          {networks.map(network => (
            <NetworkRow key={network.Id} network={network} swarm={swarm} />
          ))}
        </Table>
      )}
    </Page>
  );
}

/** Whether it only stands for the network of that name that each node has. */
function standsForNodes({ Labels }: Network): boolean {
  return Labels?.["com.docker.swarm.predefined"] === "true";
}

/** What is special about a network, in people's words. */
export function kindsOf({ Ingress, Internal, Attachable, Driver, Options }: Network): string {
  const kinds = [
    Driver,
    Ingress && "routing mesh",
    Internal && "internal",
    Attachable && "attachable",
    Options && "encrypted" in Options && "encrypted",
  ];
  return kinds.filter(Boolean).join(", ");
}

/** The services that are on a network; on the routing mesh's those that publish ports through it. */
export function servicesOn(network: Network, swarm: Swarm) {
  return [...swarm.all("service")].filter(service =>
    network.Ingress
      ? service.Endpoint?.Ports?.some(port => port.PublishMode === "ingress")
      : service.Spec.TaskTemplate.Networks?.some(({ Target }) => Target === network.Id || Target === network.Name),
  );
}

function NetworkRow({ network, swarm }: { readonly network: Network; readonly swarm: Swarm }) {
  const room = roomIn(network);
  return (
    <tr>
      <th scope="row">
        <a href={`/networks/${network.Id}`}>{network.Name}</a>
      </th>
      <td>{kindsOf(network)}</td>
      <td>{(network.IPAM.Config ?? []).map(config => config.Subnet).join(", ")}</td>
      <td class="number">{room > 0 ? `${room - countOf(holdersOn(network, swarm))} of ${room}` : ""}</td>
      <td>
        <ServiceLinks services={servicesOn(network, swarm)} />
      </td>
    </tr>
  );
}
