import type { Node, Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { isCurrent, lookOf, nodeName, reasonOf, taskName } from "../model/task.ts";
import { bytes, cpus } from "../model/text.ts";
import { Age } from "../parts/age.tsx";
import { Gone } from "../parts/gone.tsx";
import { Empty, type Fact, Facts, Page } from "../parts/page.tsx";
import { Pages } from "../parts/pages.tsx";
import { Table } from "../parts/table.tsx";
import { TaskStateText } from "../parts/task-mark.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { UsageCharts } from "../parts/usage-charts.tsx";
import { useSwarm } from "../state.ts";
import { useUsage } from "../usage.ts";
import { mayChange } from "../visitor.ts";
import { NodeActions } from "./node-actions.tsx";
import { roleText } from "./nodes.tsx";

const nanosPerCpu = 1e9;

/** One node: what it offers, what is reserved of it, what its tasks use, what runs there. */
export function NodeView({ id }: { readonly id: string }) {
  const swarm = useSwarm("quorum", `node ${id}`, `tasks on ${id}`, "service");
  const node = swarm.get("node", id);
  const usage = useUsage({ of: "node", id });
  if (!node) return <Gone title="This node is gone" to="/nodes" name="all nodes" />;
  const current = [...swarm.tasksOn(id).values()].filter(isCurrent);
  const isReady = node.Status.State === "ready";
  const reserved = reservedBy(current, swarm);
  return (
    <Page
      kind={`Node · ${roleText(node, swarm)}`}
      title={nodeName(node)}
      says={
        <>
          <ToneMark tone={isReady ? "good" : "bad"} says={node.Status.State} />
          {node.Status.Message && ` · ${node.Status.Message}`} · {node.Spec.Availability}
        </>
      }
      actions={mayChange() && <NodeActions node={node} />}
    >
      <Reservations node={node} reserved={reserved} />
      <Facts of={factsOf(node)} />
      <section aria-labelledby="usage-title">
        <h2 id="usage-title">What its tasks use</h2>
        <UsageCharts
          usage={usage}
          nameOf={task => nameOfTask(task, swarm)}
          limit={{ name: "reserved", cpus: reserved.nanoCpus / nanosPerCpu, memory: reserved.memoryBytes }}
        />
      </section>
      <section aria-labelledby="tasks-title">
        <h2 id="tasks-title">Tasks</h2>
        <Tasks tasks={[...swarm.tasksOn(id).values()]} swarm={swarm} />
      </section>
    </Page>
  );
}

function factsOf({ Description, Spec, Status, ID, CreatedAt, Certificate }: Node): Fact[] {
  const { Platform, Engine } = Description;
  const ends = Certificate && new Date(Certificate.Ends).toLocaleDateString(undefined, { dateStyle: "medium" });
  return [
    ["Address", Status.Addr ?? ""],
    ["Platform", `${Platform.OS ?? "?"}/${Platform.Architecture ?? "?"}`],
    ["Engine", Engine.EngineVersion ?? ""],
    ["Certificate until", ends ? <span title="The node renews it by itself, long before.">{ends}</span> : "none yet"],
    ["Joined", <Age key="joined" since={CreatedAt} isPast />],
    ["ID", <code key="id">{ID}</code>],
    ["Labels", linesOf(Spec.Labels)],
    ["Engine labels", linesOf(Engine.Labels), "wide"],
  ];
}

function linesOf(labels: Readonly<Record<string, string>> | null | undefined): string[] {
  return Object.entries({ ...labels }).map(([key, value]) => (value ? `${key}=${value}` : key));
}

interface TasksProps {
  readonly tasks: readonly Task[];
  readonly swarm: Swarm;
}

interface Reserved {
  readonly nanoCpus: number;
  readonly memoryBytes: number;
}

function reservedBy(tasks: readonly Task[], swarm: Swarm): Reserved {
  let [nanoCpus, memoryBytes] = [0, 0];
  for (const task of tasks) {
    const reserved = swarm.get("service", task.ServiceID ?? "")?.Spec.TaskTemplate.Resources?.Reservations;
    nanoCpus += reserved?.NanoCPUs ?? 0;
    memoryBytes += reserved?.MemoryBytes ?? 0;
  }
  return { nanoCpus, memoryBytes };
}

function nameOfTask(taskId: string, swarm: Swarm): string {
  const task = swarm.get("task", taskId);
  return task
    ? taskName(task, swarm.get("service", task.ServiceID ?? ""), swarm.get("node", task.NodeID ?? ""))
    : taskId;
}

/** How much of the node its tasks have reserved. */
function Reservations({ node, reserved }: { readonly node: Node; readonly reserved: Reserved }) {
  const { NanoCPUs = 0, MemoryBytes = 0 } = node.Description.Resources;
  const { nanoCpus: reservedCpus, memoryBytes: reservedMemory } = reserved;
  return (
    <div class="gauges">
      <Gauge name="CPU" used={reservedCpus} of={NanoCPUs} says={`${cpus(reservedCpus)} of ${cpus(NanoCPUs)}`} />
      <Gauge
        name="Memory"
        used={reservedMemory}
        of={MemoryBytes}
        says={`${bytes(reservedMemory)} of ${bytes(MemoryBytes)}`}
      />
    </div>
  );
}

interface GaugeProps {
  readonly name: string;
  readonly used: number;
  readonly of: number;
  readonly says: string;
}

function Gauge({ name, used, of, says }: GaugeProps) {
  return (
    <div class="gauge">
      <span>
        {name} reserved: {says}
      </span>
      <meter min="0" max={Math.max(1, of)} value={used} aria-label={`${name} reserved`} />
    </div>
  );
}

/** Tasks on a page. */
const pageTasks = 100;

function Tasks({ tasks, swarm }: TasksProps) {
  if (tasks.length === 0) return <Empty>Nothing runs here.</Empty>;
  const sorted = [...tasks].sort(
    (a, b) => Number(isCurrent(b)) - Number(isCurrent(a)) || b.Since.localeCompare(a.Since),
  );
  return (
    <Pages name="tasks" items={sorted} size={pageTasks}>
      {shown => (
        <Table name="Tasks on this node" heads={["Task", "State", "For", "Why"]}>
          {shown.map(task => (
            <TaskRow key={task.ID} task={task} name={nameOfTask(task.ID, swarm)} />
          ))}
        </Table>
      )}
    </Pages>
  );
}

function TaskRow({ task, name }: { readonly task: Task; readonly name: string }) {
  return (
    <tr class={isCurrent(task) ? "" : "past"}>
      <th scope="row">
        <a href={`/services/${task.ServiceID}`}>{name}</a>
      </th>
      <td>
        <TaskStateText task={task} />
      </td>
      <td>
        <Age since={task.Since} />
      </td>
      <td class="reason">{lookOf(task) === "running" ? "" : reasonOf(task)}</td>
    </tr>
  );
}
