import { type Concern, concernsOf } from "../model/attention.ts";
import type { Node, Task } from "../model/objects.ts";
import { imageOf, summarise } from "../model/service.ts";
import type { Swarm } from "../model/swarm.ts";
import { isCurrent, lookOf, nameOfNode, nodeName, reasonOf, taskName } from "../model/task.ts";
import { plural } from "../model/text.ts";
import { Empty, Page } from "../parts/page.tsx";
import { TaskMark } from "../parts/task-mark.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { now, useSwarm } from "../state.ts";
import { roleText } from "./nodes.tsx";

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
  const leader = managers.find(member => member.Leader);
  const ready = nodes.filter(node => node.Status.State === "ready");
  const current = [...swarm.all("task")].filter(isCurrent);
  const running = current.filter(task => lookOf(task) === "running");
  return (
    <ul class="tiles">
      <Tile
        name="Managers"
        value={`${reachable.length}/${managers.length}`}
        says={leader ? `led by ${nameOfNode(swarm, leader.NodeID)}` : "no leader"}
      />
      <Tile name="Nodes" value={`${ready.length}/${nodes.length}`} says="ready" />
      <Tile name="Services" value={String(swarm.size("service"))} says="declared" />
      <Tile name="Tasks" value={`${running.length}/${current.length}`} says="running" />
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

function Attention() {
  const swarm = useSwarm("quorum", "node", "service", "task");
  const concerns = concernsOf(swarm, now.value);
  return (
    <section aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      {concerns.length === 0 ? (
        <p class="calm">
          <ToneMark tone="good" says="Nothing: everything is as it is meant to be." />
        </p>
      ) : (
        <ul class="concerns">
          {concerns.map(concern => (
            <ConcernItem key={`${concern.title} ${concern.reason}`} concern={concern} />
          ))}
        </ul>
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

function NodeColumns() {
  const swarm = useSwarm("node");
  const nodes = [...swarm.all("node")].sort((a, b) => nodeName(a).localeCompare(nodeName(b)));
  return (
    <ul class="columns">
      {nodes.map(node => (
        <NodeColumn key={node.ID} node={node} />
      ))}
      <WaitingColumn />
    </ul>
  );
}

function NodeColumn({ node }: { readonly node: Node }) {
  const swarm = useSwarm("quorum", `node ${node.ID}`, `tasks on ${node.ID}`);
  const tasks = shown(swarm.tasksOn(node.ID).values());
  const isGone = node.Status.State !== "ready";
  const { Availability } = node.Spec;
  return (
    <li class={`column ${isGone ? "gone" : ""}`}>
      <h3>
        <a href={`/nodes/${node.ID}`}>{nodeName(node)}</a>
      </h3>
      <p class="column-says">
        {roleText(node, swarm)}
        {isGone && ` · ${node.Status.State}`}
        {Availability !== "active" && ` · ${Availability}`}
        {` · ${tasks.length}`}
      </p>
      <TaskMarks tasks={tasks} swarm={swarm} />
    </li>
  );
}

/** Tasks that have no node yet; not there when there are none. */
function WaitingColumn() {
  const swarm = useSwarm("tasks on ");
  const tasks = shown(swarm.tasksOn("").values());
  if (tasks.length === 0) return null;
  return (
    <li class="column unplaced">
      <h3>Not placed</h3>
      <p class="column-says">{plural(tasks.length, "task")} without a node</p>
      <TaskMarks tasks={tasks} swarm={swarm} />
    </li>
  );
}

/** What is wanted, and what has failed in its place; those of one service together. */
function shown(tasks: Iterable<Task>): Task[] {
  return [...tasks]
    .filter(isCurrent)
    .sort((a, b) => (a.ServiceID ?? "").localeCompare(b.ServiceID ?? "") || (a.Slot ?? 0) - (b.Slot ?? 0));
}

function TaskMarks({ tasks, swarm }: { readonly tasks: readonly Task[]; readonly swarm: Swarm }) {
  return (
    <ul class="marks">
      {tasks.map(task => (
        <TaskMarkItem key={task.ID} task={task} swarm={swarm} />
      ))}
    </ul>
  );
}

function TaskMarkItem({ task, swarm }: { readonly task: Task; readonly swarm: Swarm }) {
  const service = swarm.get("service", task.ServiceID ?? "");
  const node = swarm.get("node", task.NodeID ?? "");
  const says = `${taskName(task, service, node)} · ${task.State} · ${task.Image ?? ""}\n${reasonOf(task)}`;
  return (
    <li style={`--hue:${swarm.hueOf(task.ServiceID ?? "")}`}>
      <a href={`/services/${task.ServiceID}`} title={says} aria-label={says}>
        <TaskMark look={lookOf(task)} />
      </a>
    </li>
  );
}

function ServiceRows() {
  const swarm = useSwarm("service");
  const services = [...swarm.all("service")].sort((a, b) => a.Spec.Name.localeCompare(b.Spec.Name));
  if (services.length === 0)
    return (
      <Empty>
        No services yet. Try <code>docker service create --name web -p 8080:80 nginx</code>.
      </Empty>
    );
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
  const { running, desired, tone, says, completed, mode } = summarise(
    service,
    swarm.tasksOf(id).values(),
    swarm.all("node"),
  );
  const done = mode.endsWith("job") ? completed : running;
  return (
    <li style={`--hue:${swarm.hueOf(id)}`}>
      <a href={`/services/${id}`}>
        <span class="swatch" aria-hidden="true" /> {service.Spec.Name}
      </a>
      <span class="image">{imageOf(service)}</span>
      <meter min="0" max={Math.max(1, desired)} value={Math.min(done, desired)} aria-label={`${done} of ${desired}`} />
      <span class="count">
        {done}/{desired}
      </span>
      <ToneMark tone={tone} says={says} />
    </li>
  );
}
