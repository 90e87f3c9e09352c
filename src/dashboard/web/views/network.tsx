import type { ComponentChildren } from "preact";
import { removeObject } from "../api.ts";
import { countOf, type Holder, holdersOn, roomIn } from "../model/addresses.ts";
import { labelLines } from "../model/labels.ts";
import type { Network } from "../model/objects.ts";
import { Age } from "../parts/age.tsx";
import { Gone } from "../parts/gone.tsx";
import { Empty, type Fact, Facts, Page } from "../parts/page.tsx";
import { Pages } from "../parts/pages.tsx";
import { RemoveButton } from "../parts/remove-button.tsx";
import { ServiceLinks } from "../parts/service-links.tsx";
import { Table } from "../parts/table.tsx";
import { go } from "../router.ts";
import { useSwarm } from "../state.ts";
import { mayChange } from "../visitor.ts";
import { kindsOf, servicesOn } from "./networks.tsx";

/** One network: its addresses, and who has them. */
export function NetworkView({ id }: { readonly id: string }) {
  const swarm = useSwarm(`network ${id}`, "service", "task", "node");
  const network = swarm.get("network", id);
  if (!network) return <Gone title="This network is gone" to="/networks" name="all networks" />;
  const holders = holdersOn(network, swarm);
  const services = servicesOn(network, swarm);
  const isFree = services.length === 0 && !network.Ingress;
  return (
    <Page kind="Network" title={network.Name} actions={mayChange() && isFree && <RemoveNetwork network={network} />}>
      <Room network={network} used={countOf(holders)} />
      <Facts of={factsOf(network, services.length > 0 ? <ServiceLinks services={services} /> : "none")} />
      <section aria-labelledby="holders-title">
        <h2 id="holders-title">Addresses</h2>
        {holders.length === 0 ? <Empty>Nobody has one yet.</Empty> : <Holders holders={holders} />}
      </section>
    </Page>
  );
}

function Room({ network, used }: { readonly network: Network; readonly used: number }) {
  const room = roomIn(network);
  if (room === 0) return null;
  return (
    <div class="gauges">
      <div class="gauge">
        <span>
          {used} of {room} addresses in use, {room - used} free
        </span>
        <meter min="0" max={room} value={used} aria-label="Addresses in use" />
      </div>
    </div>
  );
}

function factsOf(network: Network, services: ComponentChildren): Fact[] {
  const config = network.IPAM.Config ?? [];
  const stack = network.Labels?.["com.docker.stack.namespace"];
  return [
    ["Subnet", config.map(({ Subnet }) => Subnet).join(", ") || "none yet"],
    ["Gateway", config.map(({ Gateway }) => Gateway).join(", ") || "none"],
    ["Kind", kindsOf(network)],
    ["Services", services],
    ["Stack", stack ? <a href={`/stacks/${stack}`}>{stack}</a> : ""],
    ["Labels", labelLines(network.Labels).split("\n").filter(Boolean)],
    ["Created", <Age key="created" since={network.CreatedAt} isPast />],
    ["ID", <code key="id">{network.Id}</code>],
  ];
}

/** Addresses on a page. */
const pageAddresses = 100;

/** What an address is for, by who has it. */
const purposes = {
  gateway: "the way out",
  service: "virtual address: reaches all its tasks",
  task: "a task",
  node: "the node's own end",
} as const;

function Holders({ holders }: { readonly holders: readonly Holder[] }) {
  return (
    <Pages name="addresses" items={holders} size={pageAddresses}>
      {shown => (
        <Table name="Addresses" heads={["Address", "Who", "What"]}>
          {shown.map(({ address, kind, name, link }) => (
            <tr key={`${address} ${kind} ${name}`}>
              <td>{address}</td>
              <th scope="row">{link ? <a href={link}>{name}</a> : name}</th>
              <td>{purposes[kind]}</td>
            </tr>
          ))}
        </Table>
      )}
    </Pages>
  );
}

function RemoveNetwork({ network }: { readonly network: Network }) {
  return (
    <RemoveButton
      what={`network ${network.Name}`}
      says="No service is on it. Its subnet is free for another network then."
      run={async () => {
        await removeObject("networks", network.Id);
        go("/networks");
      }}
    />
  );
}
