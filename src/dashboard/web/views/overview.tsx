import { useState } from "preact/hooks";
import { concerns } from "../concerns.ts";
import type { Concern } from "../model/attention.ts";
import { imageOf, summarise } from "../model/service.ts";
import { figure } from "../model/text.ts";
import { Page } from "../parts/page.tsx";
import { Swatched } from "../parts/swatch.tsx";
import { TaskMark } from "../parts/task-mark.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { useSwarm } from "../state.ts";
import { FirstSteps } from "./first-steps.tsx";
import { NodeColumns } from "./node-columns.tsx";
import { Tiles } from "./tiles.tsx";

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
  ["stopped", "stopped"],
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
      <li>colour: the service; what has ended fades away</li>
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
