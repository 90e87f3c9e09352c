import type { Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { lookOf, nodeName, reasonOf } from "../model/task.ts";
import { bytes, processors } from "../model/text.ts";
import { bySlot } from "../model/timeline.ts";
import { latest, type Usage } from "../model/usage.ts";
import { Age } from "./age.tsx";
import { Empty } from "./page.tsx";
import { Table } from "./table.tsx";
import { TaskStateText } from "./task-mark.tsx";

interface SlotsProps {
  readonly tasks: readonly Task[];
  readonly swarm: Swarm;
  readonly usage: Usage | undefined;
}

/** A service's tasks: for each slot the one of now, with what it uses. */
export function Slots({ tasks, swarm, usage }: SlotsProps) {
  const newest = new Map<string, Task>();
  for (const task of tasks) {
    const slot = task.Slot === undefined ? (task.NodeID ?? "") : String(task.Slot);
    const known = newest.get(slot);
    if (!known || known.CreatedAt < task.CreatedAt) newest.set(slot, task);
  }
  if (newest.size === 0) return <Empty>It has no tasks.</Empty>;
  const sorted = [...newest].sort(([a], [b]) => bySlot(a, b));
  return (
    <Table name="Tasks" heads={["Slot", "State", "Node", "For", "#CPU", "#Memory", "Why"]}>
      {sorted.map(([slot, task]) => (
        <Slot key={slot} task={task} swarm={swarm} usage={usage} />
      ))}
    </Table>
  );
}

function Slot({ task, swarm, usage }: Omit<SlotsProps, "tasks"> & { readonly task: Task }) {
  const node = swarm.get("node", task.NodeID ?? "");
  const series = usage?.tasks.get(task.ID);
  const [busy, memory] = [latest(series?.CPUs ?? []), latest(series?.Memory ?? [])];
  return (
    <tr>
      <th scope="row">{task.Slot ?? (node ? nodeName(node) : "")}</th>
      <td>
        <TaskStateText task={task} />
      </td>
      <td>{node ? <a href={`/nodes/${node.ID}`}>{nodeName(node)}</a> : "none yet"}</td>
      <td>
        <Age since={task.Since} />
      </td>
      <td class="number">{busy === undefined ? "" : processors(busy)}</td>
      <td class="number">{memory === undefined ? "" : bytes(memory)}</td>
      <td class="reason">{lookOf(task) === "running" ? "" : reasonOf(task)}</td>
    </tr>
  );
}
