import type { Service } from "../model/objects.ts";
import { imageOf, stackOf, summarise } from "../model/service.ts";
import { figure } from "../model/text.ts";
import { Age } from "../parts/age.tsx";
import { Page } from "../parts/page.tsx";
import { PortList } from "../parts/ports.tsx";
import { Swatched } from "../parts/swatch.tsx";
import { Table } from "../parts/table.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { useSwarm } from "../state.ts";
import { FirstSteps } from "./first-steps.tsx";

/** All services, those of one stack together. */
export function ServicesView() {
  const swarm = useSwarm("service");
  const stacks = new Map<string, Service[]>();
  for (const service of swarm.all("service"))
    stacks.set(stackOf(service), [...(stacks.get(stackOf(service)) ?? []), service]);
  const sorted = [...stacks].sort(([a], [b]) => a.localeCompare(b));
  return (
    <Page title="Services">
      {sorted.length === 0 && <FirstSteps />}
      {sorted.map(([stack, services]) => (
        <section key={stack} aria-label={stack || "Services of no stack"}>
          {(stack || sorted.length > 1) && (
            <h2>
              {stack ? (
                <>
                  Stack <a href={`/stacks/${stack}`}>{stack}</a>
                </>
              ) : (
                "Of no stack"
              )}
            </h2>
          )}
          <ServiceTable name={stack ? `Services of ${stack}` : "Services"} services={services} />
        </section>
      ))}
    </Page>
  );
}

interface ServiceTableProps {
  readonly name: string;
  readonly services: readonly Service[];
}

/** Services as a table, each row drawn anew only when something of it changes. */
export function ServiceTable({ name, services }: ServiceTableProps) {
  const sorted = [...services].sort((a, b) => a.Spec.Name.localeCompare(b.Spec.Name));
  return (
    <Table name={name} heads={["Name", "#Running", "State", "Mode", "Image", "Ports", "Changed"]}>
      {sorted.map(({ ID }) => (
        <ServiceRow key={ID} id={ID} />
      ))}
    </Table>
  );
}

function ServiceRow({ id }: { readonly id: string }) {
  const swarm = useSwarm(`service ${id}`, `tasks of ${id}`, "node");
  const service = swarm.get("service", id);
  if (!service) return null;
  const { mode, done, desired, tone, says } = summarise(service, swarm.tasksOf(id).values(), swarm.all("node"));
  return (
    <tr style={`--hue:${swarm.hueOf(id)}`}>
      <th scope="row">
        <a href={`/services/${id}`}>
          <Swatched name={service.Spec.Name} />
        </a>
      </th>
      <td class="number">
        {figure(done)}/{figure(desired)}
      </td>
      <td>
        <ToneMark tone={tone} says={says} />
      </td>
      <td>{mode}</td>
      <td class="image" title={imageOf(service)}>
        {imageOf(service)}
      </td>
      <td>
        <PortList ports={service.Endpoint?.Ports ?? []} />
      </td>
      <td>
        <Age since={service.UpdatedAt} isPast />
      </td>
    </tr>
  );
}
