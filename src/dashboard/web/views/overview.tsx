import { useState } from "preact/hooks";
import { concerns } from "../concerns.ts";
import type { Concern } from "../model/attention.ts";
import { quorumState } from "../model/quorum.ts";
import { imageOf, summarise } from "../model/service.ts";
import { isCurrent, lookOf, nameOfNode } from "../model/task.ts";
import { figure } from "../model/text.ts";
import { Page } from "../parts/page.tsx";
import { Swatched } from "../parts/swatch.tsx";
import { TaskMark } from "../parts/task-mark.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { useSwarm } from "../state.ts";
import { FirstSteps } from "./first-steps.tsx";
import { NodeColumns } from "./node-columns.tsx";

/** Everything at a glance. */
export function Overview() {
  return (
    <Page title="Overview">
      <Tiles />
      <Attention />
      <section aria-labelledby="nodes-title">
        <h2 id="nodes-title">Where tasks run</h2>
        <Legend />
        <NodeColumns />
      </section>
      <section aria-labelledby="services-title">
        <h2 id="services-title">Services</h2>
        <ServiceRows />
      </section>
    </Page>
  );
}

function Tiles() {
  const swarm = useSwarm("quorum", "node", "service", "task");
  const nodes = [...swarm.all("node")];
  const managers = swarm.members();
  const reachable = managers.filter(member => member.Reachable);
  const hasQuorum = quorumState(managers) !== "lost";
  const leader = managers.find(member => member.Leader);
  const ready = nodes.filter(node => node.Status.State === "ready");
  const current = [...swarm.all("task")].filter(isCurrent);
  const running = current.filter(task => lookOf(task) === "running");
  return (
    <ul class="tiles">
      <Tile
        name="Managers"
        value={`${reachable.length}/${managers.length}`}
        says={
          leader && hasQuorum ? `led by ${nameOfNode(swarm, leader.NodeID)}` : hasQuorum ? "no leader" : "no quorum"
        }
      />
      <Tile name="Nodes" value={`${ready.length}/${nodes.length}`} says="ready" />
      <Tile name="Services" value={String(swarm.size("service"))} says="declared" />
      <Tile name="Tasks" value={`${figure(running.length)}/${figure(current.length)}`} says="running" />
    </ul>
  );
}

function Tile({ name, value, says }: { readonly name: string; readonly value: string; readonly says: string }) {
  return (
    <li class="tile">
      <span class="tile-name">{name}</span>
      <span class="tile-value">{value}</span>
      <span class="tile-says">{says}</span>
    </li>
  );
}

/** Concerns that are shown before somebody asks for all. */
const shownConcerns = 4;

function Attention() {
  const [isWhole, setWhole] = useState(false);
  const all = concerns.value;
  const shown = isWhole ? all : all.slice(0, shownConcerns);
  return (
    <section aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      {all.length === 0 && (
        <p class="calm">
          <ToneMark tone="good" says="Nothing: everything is as it is meant to be." />
        </p>
      )}
      <ul class="concerns">
        {shown.map(concern => (
          <ConcernItem key={`${concern.title} ${concern.reason}`} concern={concern} />
        ))}
      </ul>
      {all.length > shownConcerns && (
        <button type="button" class="more" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show fewer" : `Show ${all.length - shownConcerns} more`}
        </button>
      )}
    </section>
  );
}

function ConcernItem({ concern }: { readonly concern: Concern }) {
  return (
    <li class={`concern ${concern.level}`}>
      <a href={concern.link}>{concern.title}</a>
      <p class="reason">{concern.reason}</p>
      <p class="next">{concern.next}</p>
    </li>
  );
}

const legend = [
  ["running", "running"],
  ["starting", "starting"],
  ["waiting", "waiting"],
  ["failed", "failed"],
  ["done", "completed"],
] as const;

function Legend() {
  return (
    <ul class="legend" aria-label="What the marks mean">
      {legend.map(([look, name]) => (
        <li key={look}>
          <TaskMark look={look} /> {name}
        </li>
      ))}
      <li>colour: the service</li>
    </ul>
  );
}

function ServiceRows() {
  const swarm = useSwarm("service");
  const services = [...swarm.all("service")].sort((a, b) => a.Spec.Name.localeCompare(b.Spec.Name));
  if (services.length === 0) return <FirstSteps />;
  return (
    <ul class="service-rows">
      {services.map(service => (
        <ServiceRow key={service.ID} id={service.ID} />
      ))}
    </ul>
  );
}

function ServiceRow({ id }: { readonly id: string }) {
  const swarm = useSwarm(`service ${id}`, `tasks of ${id}`, "node");
  const service = swarm.get("service", id);
  if (!service) return null;
  const { done, desired, tone, says } = summarise(service, swarm.tasksOf(id).values(), swarm.all("node"));
  return (
    <li style={`--hue:${swarm.hueOf(id)}`}>
      <a href={`/services/${id}`}>
        <Swatched name={service.Spec.Name} />
      </a>
      <span class="image" title={imageOf(service)}>
        {imageOf(service)}
      </span>
      <meter min="0" max={Math.max(1, desired)} value={Math.min(done, desired)} aria-label={`${done} of ${desired}`} />
      <span class="count">
        {figure(done)}/{figure(desired)}
      </span>
      <ToneMark tone={tone} says={says} />
    </li>
  );
}
