import { updateNode } from "../api.ts";
import { labelLines, labelsFrom } from "../model/labels.ts";
import type { Node, Service, Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { isCurrent, lookOf, nodeName, reasonOf, taskName } from "../model/task.ts";
import { bytes, cpus } from "../model/text.ts";
import { Age } from "../parts/age.tsx";
import { ask } from "../parts/confirm.tsx";
import { Gone } from "../parts/gone.tsx";
import { Empty, Facts, Page } from "../parts/page.tsx";
import { Pages } from "../parts/pages.tsx";
import { Table } from "../parts/table.tsx";
import { TaskStateText } from "../parts/task-mark.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { UsageCharts } from "../parts/usage-charts.tsx";
import { useSwarm } from "../state.ts";
import { useUsage } from "../usage.ts";
import { mayChange } from "../visitor.ts";
import { roleText } from "./nodes.tsx";

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
      actions={mayChange() && <Actions node={node} />}
    >
      <p class="summary">
        <ToneMark tone={isReady ? "good" : "bad"} says={node.Status.State} />
        {node.Status.Message && ` · ${node.Status.Message}`} · {node.Spec.Availability}
      </p>
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

function factsOf({ Description, Spec, Status, ID, CreatedAt, Certificate }: Node) {
  const { Platform, Engine } = Description;
  const labels = Object.entries({ ...Spec.Labels }).map(([key, value]) => (value ? `${key}=${value}` : key));
  const engineLabels = Object.entries({ ...Engine.Labels }).map(([key, value]) => `${key}: ${value}`);
  return [
    ["Address", Status.Addr ?? ""],
    ["Platform", `${Platform.OS ?? "?"}/${Platform.Architecture ?? "?"}`],
    ["Engine", Engine.EngineVersion ?? ""],
    ["Labels", labels.join(", ") || "none"],
    ["Engine labels", engineLabels.join(" · ") || "none"],
    [
      "Certificate",
      Certificate ? `until ${new Date(Certificate.Ends).toLocaleDateString()}, renewed by itself` : "none yet",
    ],
    ["Joined", <Age key="joined" since={CreatedAt} isPast />],
    ["ID", <code key="id">{ID}</code>],
  ] as const;
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
  return task ? taskName(task, swarm.get("service", task.ServiceID ?? ""), undefined) : taskId;
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
            <TaskRow key={task.ID} task={task} service={swarm.get("service", task.ServiceID ?? "")} />
          ))}
        </Table>
      )}
    </Pages>
  );
}

function TaskRow({ task, service }: { readonly task: Task; readonly service: Service | undefined }) {
  return (
    <tr class={isCurrent(task) ? "" : "past"}>
      <th scope="row">
        <a href={`/services/${task.ServiceID}`}>{taskName(task, service, undefined)}</a>
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

const nanosPerCpu = 1e9;

const availabilities = [
  ["active", "Activate", "It takes new tasks again. Those that moved away stay where they are."],
  ["pause", "Pause", "It keeps its tasks and gets no new ones."],
  ["drain", "Drain", "Its tasks are stopped and started on other nodes; it gets no new ones."],
] as const;

function Actions({ node }: { readonly node: Node }) {
  const name = nodeName(node);
  const isManager = node.Spec.Role === "manager";
  return (
    <>
      {availabilities
        .filter(([to]) => to !== node.Spec.Availability)
        .map(([to, verb, says]) => (
          <button
            key={to}
            type="button"
            onClick={() =>
              ask({
                ...{ title: `${verb} ${name}?`, says, verb, isDangerous: to === "drain" },
                run: () => updateNode(node.ID, spec => ({ ...spec, Availability: to })),
              })
            }
          >
            {verb}
          </button>
        ))}
      <button
        type="button"
        onClick={() =>
          ask({
            title: `${isManager ? "Demote" : "Promote"} ${name}?`,
            says: isManager
              ? "It leaves the quorum and is a worker from then on. The swarm bears the loss of fewer managers."
              : "It becomes a manager: it keeps a copy of everything, and may change anything.",
            ...{ verb: isManager ? "Demote" : "Promote", isDangerous: isManager },
            run: () => updateNode(node.ID, spec => ({ ...spec, Role: isManager ? "worker" : "manager" })),
          })
        }
      >
        {isManager ? "Demote" : "Promote"}
      </button>
      <button
        type="button"
        onClick={() =>
          ask({
            title: `Labels of ${name}`,
            says: "Services choose nodes by them (node.labels.KEY). Tasks that may not be here with the new ones move away.",
            ...{ verb: "Change", isDangerous: false },
            field: { label: "One KEY=VALUE a line", type: "lines", value: labelLines(node.Spec.Labels) },
            run: text => updateNode(node.ID, spec => ({ ...spec, Labels: labelsFrom(text, spec.Labels) })),
          })
        }
      >
        Labels
      </button>
    </>
  );
}
