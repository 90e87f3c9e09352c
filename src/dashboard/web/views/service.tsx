import type { Service } from "../model/objects.ts";
import { imageOf, stackOf, summarise } from "../model/service.ts";
import type { Swarm } from "../model/swarm.ts";
import { taskName } from "../model/task.ts";
import { bytes, cpus, figure } from "../model/text.ts";
import { Age } from "../parts/age.tsx";
import { Gone } from "../parts/gone.tsx";
import { LogPane } from "../parts/log-pane.tsx";
import { type Fact, Facts, Page } from "../parts/page.tsx";
import { PortList } from "../parts/ports.tsx";
import { Slots } from "../parts/slots.tsx";
import { Swatched } from "../parts/swatch.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { UpdateProgress } from "../parts/update-progress.tsx";
import { UsageCharts } from "../parts/usage-charts.tsx";
import { useSwarm } from "../state.ts";
import { useUsage } from "../usage.ts";
import { mayChange } from "../visitor.ts";
import { ServiceActions } from "./service-actions.tsx";

/** One service: how it is, what it is to be, each slot's tasks over time, what they use, its logs. */
export function ServiceView({ id }: { readonly id: string }) {
  const swarm = useSwarm(`service ${id}`, `tasks of ${id}`, "node", "network");
  const service = swarm.get("service", id);
  const usage = useUsage({ of: "service", id });
  if (!service) return <Gone title="This service is gone" to="/services" name="all services" />;
  const summary = summarise(service, swarm.tasksOf(id).values(), swarm.all("node"));
  return (
    <Page
      kind={<Kind stack={stackOf(service)} />}
      title={service.Spec.Name}
      heading={
        <span style={`--hue:${swarm.hueOf(id)}`}>
          <Swatched name={service.Spec.Name} />
        </span>
      }
      says={
        <>
          <ToneMark tone={summary.tone} says={summary.says} /> · {figure(summary.done)} of {figure(summary.desired)}{" "}
          {summary.goal} · {summary.mode}
        </>
      }
      actions={mayChange() && <ServiceActions service={service} />}
    >
      <UpdateProgress service={service} swarm={swarm} />
      <Facts of={factsOf(service, swarm)} />
      <section aria-labelledby="slots-title">
        <h2 id="slots-title">Tasks</h2>
        <Slots tasks={[...swarm.tasksOf(id).values()]} swarm={swarm} usage={usage} />
      </section>
      <section aria-labelledby="timeline-title">
        <h2 id="timeline-title">Over time</h2>
        <Timeline service={service} swarm={swarm} />
      </section>
      <section aria-labelledby="usage-title">
        <h2 id="usage-title">What it uses</h2>
        <UsageCharts usage={usage} nameOf={task => nameOfTask(task, swarm)} />
      </section>
      <section aria-labelledby="logs-title">
        <h2 id="logs-title">Logs</h2>
        <LogPane serviceId={id} />
      </section>
    </Page>
  );
}

function Kind({ stack }: { readonly stack: string }) {
  if (stack === "") return <>Service</>;
  return (
    <>
      Service of stack <a href={`/stacks/${stack}`}>{stack}</a>
    </>
  );
}

function factsOf(service: Service, swarm: Swarm): Fact[] {
  const { ContainerSpec, Networks, Resources, Placement } = service.Spec.TaskTemplate;
  const { NanoCPUs = 0, MemoryBytes = 0 } = Resources?.Reservations ?? {};
  const { NanoCPUs: mostCpus = 0, MemoryBytes: mostMemory = 0 } = Resources?.Limits ?? {};
  const command = [...(ContainerSpec?.Command ?? []), ...(ContainerSpec?.Args ?? [])].join(" ");
  return [
    ["Image", imageOf(service)],
    ["Ports", service.Endpoint?.Ports?.length ? <PortList key="ports" ports={service.Endpoint.Ports} /> : ""],
    ["Networks", (Networks ?? []).map(({ Target }) => swarm.get("network", Target)?.Name ?? Target)],
    ["Reserves", amounts(NanoCPUs, MemoryBytes)],
    ["At most", amounts(mostCpus, mostMemory)],
    ["Only where", Placement?.Constraints ?? []],
    ["Environment", (ContainerSpec?.Env ?? []).map(entry => entry.split("=")[0] ?? "").join(", ")],
    ["Secrets", (ContainerSpec?.Secrets ?? []).map(secret => secret.SecretName).join(", ")],
    ["Configs", (ContainerSpec?.Configs ?? []).map(config => config.ConfigName).join(", ")],
    ["Created", <Age key="created" since={service.CreatedAt} isPast />],
    ["Changed", <Age key="changed" since={service.UpdatedAt} isPast />],
    ["Command", command && <code key="command">{command}</code>, "wide"],
  ];
}

function amounts(nanoCpus: number, memory: number): string {
  return [nanoCpus > 0 && `${cpus(nanoCpus)} CPU`, memory > 0 && bytes(memory)].filter(Boolean).join(", ");
}

function nameOfTask(taskId: string, swarm: Swarm): string {
  const task = swarm.get("task", taskId);
  const node = swarm.get("node", task?.NodeID ?? "");
  return task ? taskName(task, swarm.get("service", task.ServiceID ?? ""), node) : taskId;
}
