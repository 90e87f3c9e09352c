import type { Network } from "../model/objects.ts";
import { Empty, Page } from "../parts/page.tsx";
import { ServiceLinks } from "../parts/service-links.tsx";
import { Table } from "../parts/table.tsx";
import { useSwarm } from "../state.ts";

/** The swarm's networks, and which services are on them. */
export function NetworksView() {
  const swarm = useSwarm("network", "service");
  const networks = [...swarm.all("network")].sort((a, b) => a.Name.localeCompare(b.Name));
  return (
    <Page title="Networks">
      {networks.length === 0 ? (
        <Empty>There are none.</Empty>
      ) : (
        <Table name="Networks" heads={["Name", "Driver", "Subnet", "Kind", "Services"]}>
          {networks.map(network => (
            <NetworkRow key={network.Id} network={network} />
          ))}
        </Table>
      )}
    </Page>
  );
}

function NetworkRow({ network }: { readonly network: Network }) {
  const swarm = useSwarm("service");
  const users = [...swarm.all("service")].filter(service =>
    network.Ingress
      ? service.Endpoint?.Ports?.some(port => port.PublishMode === "ingress")
      : service.Spec.TaskTemplate.Networks?.some(({ Target }) => Target === network.Id || Target === network.Name),
  );
  const kinds = [
    network.Ingress && "routing mesh",
    network.Internal && "internal",
    network.Attachable && "attachable",
  ].filter(Boolean);
  return (
    <tr>
      <th scope="row">{network.Name}</th>
      <td>{network.Driver}</td>
      <td>{(network.IPAM.Config ?? []).map(config => config.Subnet).join(", ")}</td>
      <td>{kinds.join(", ")}</td>
      <td>
        <ServiceLinks services={users} />
      </td>
    </tr>
  );
}
