import { removeObject } from "../api.ts";
import type { Objects, Service } from "../model/objects.ts";
import { type ServiceSummary, stackOf, summarise, type Tone } from "../model/service.ts";
import type { Swarm } from "../model/swarm.ts";
import { figure, plural } from "../model/text.ts";
import { Gone } from "../parts/gone.tsx";
import { Empty, Page } from "../parts/page.tsx";
import { RemoveButton } from "../parts/remove-button.tsx";
import { Table } from "../parts/table.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { go } from "../router.ts";
import { useSwarm } from "../state.ts";
import { mayChange } from "../visitor.ts";
import { StackServices } from "./stack-services.tsx";

/** All stacks, and how their services are. */
export function StacksView() {
  const swarm = useSwarm("service", "task", "node");
  const stacks = new Map<string, Service[]>();
  for (const service of swarm.all("service"))
    if (stackOf(service)) stacks.set(stackOf(service), [...(stacks.get(stackOf(service)) ?? []), service]);
  const sorted = [...stacks].sort(([a], [b]) => a.localeCompare(b));
  return (
    <Page title="Stacks" actions={mayChange() && <DeployLink />}>
      {sorted.length === 0 ? (
        <Empty>
          There are none. A stack is what one Compose file describes: services with their networks, secrets and configs.
        </Empty>
      ) : (
        <Table name="Stacks" heads={["Name", "State", "#Services", "#Running"]}>
          {sorted.map(([name, services]) => (
            <StackRow key={name} name={name} services={services} swarm={swarm} />
          ))}
        </Table>
      )}
    </Page>
  );
}

function DeployLink() {
  return (
    <a class="button primary" href="/deploy">
      Deploy a stack
    </a>
  );
}

interface StackRowProps {
  readonly name: string;
  readonly services: readonly Service[];
  readonly swarm: Swarm;
}

function StackRow({ name, services, swarm }: StackRowProps) {
  const all = services.map(service => summarise(service, swarm.tasksOf(service.ID).values(), swarm.all("node")));
  const worst = all.find(({ tone }) => tone === "bad") ?? all.find(({ tone }) => tone !== "good") ?? all[0];
  const sum = (of: "done" | "desired"): number => all.reduce((total, each) => total + each[of], 0);
  return (
    <tr>
      <th scope="row">
        <a href={`/stacks/${name}`}>{name}</a>
      </th>
      <td>
        {worst && <ToneMark tone={worst.tone} says={worst.tone === "good" ? "running" : sayings(all, worst.tone)} />}
      </td>
      <td class="number">{services.length}</td>
      <td class="number">
        {figure(sum("done"))}/{figure(sum("desired"))}
      </td>
    </tr>
  );
}

/** How those services are that are like this: "2 services: restarting · 1 service: waits for a node". */
function sayings(services: readonly ServiceSummary[], tone: Tone): string {
  const counts = new Map<string, number>();
  for (const service of services)
    if (service.tone === tone) counts.set(service.says, (counts.get(service.says) ?? 0) + 1);
  return [...counts].map(([says, count]) => `${plural(count, "service")}: ${says}`).join(" · ");
}

const kinds = ["service", "secret", "config", "network"] as const;
type PartKind = (typeof kinds)[number];

/** One stack: its services, and what else belongs to it. */
export function StackView({ name }: { readonly name: string }) {
  const swarm = useSwarm(...kinds);
  const parts = kinds.flatMap(kind => partsOf(swarm, kind, name));
  if (parts.length === 0) return <Gone title={`There is no stack ${name}`} to="/stacks" name="all stacks" />;
  const others = parts.filter(({ kind }) => kind !== "service");
  return (
    <Page kind="Stack" title={name} actions={mayChange() && <Actions name={name} parts={parts} />}>
      <section aria-label="Services">
        <StackServices stack={name} />
      </section>
      {others.length > 0 && (
        <section aria-labelledby="others-title">
          <h2 id="others-title">What belongs to it</h2>
          <Table name="What belongs to it" heads={["Name", "What"]}>
            {others.map(({ kind, id, name: part }) => (
              <tr key={id}>
                <th scope="row">{kind === "network" ? <a href={`/networks/${id}`}>{part}</a> : part}</th>
                <td>{kind}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </Page>
  );
}

interface Part {
  readonly kind: PartKind;
  readonly id: string;
  readonly name: string;
}

/** What Docker's own label says to belong to the stack. */
function partsOf(swarm: Swarm, kind: PartKind, stack: string): Part[] {
  return [...swarm.all(kind)].flatMap((object: Objects[PartKind]): Part[] => {
    const { labels, id, name } =
      "Spec" in object
        ? { labels: object.Spec.Labels, id: object.ID, name: object.Spec.Name }
        : { labels: object.Labels, id: object.Id, name: object.Name };
    return labels?.["com.docker.stack.namespace"] === stack ? [{ kind, id, name }] : [];
  });
}

function Actions({ name, parts }: { readonly name: string; readonly parts: readonly Part[] }) {
  const counts = kinds.flatMap(kind => {
    const count = parts.filter(part => part.kind === kind).length;
    return count > 0 ? [plural(count, kind)] : [];
  });
  return (
    <>
      <DeployLink />
      <RemoveButton
        what={`stack ${name}`}
        says={`All that belongs to it goes: ${counts.join(", ")}. Volumes stay on their nodes. There is no way back.`}
        run={async () => {
          for (const { kind, id } of parts) await removeObject(`${kind}s`, id);
          go("/stacks");
        }}
      />
    </>
  );
}
