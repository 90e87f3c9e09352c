import type { Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { lookOf, nodeName, reasonOf } from "../model/task.ts";
import { Age } from "./age.tsx";
import { Empty } from "./page.tsx";
import { Table } from "./table.tsx";
import { TaskMark, TaskStateText } from "./task-mark.tsx";

/** Earlier tasks of a slot that are shown. */
const shownBefore = 12;

interface SlotsProps {
  readonly tasks: readonly Task[];
  readonly swarm: Swarm;
}

/** A service's tasks: for each slot the one of now, and those before it as a row of marks, the oldest first. */
export function Slots({ tasks, swarm }: SlotsProps) {
  const slots = new Map<string, Task[]>();
  for (const task of tasks) {
    const slot = task.Slot === undefined ? (task.NodeID ?? "") : String(task.Slot);
    slots.set(slot, [...(slots.get(slot) ?? []), task]);
  }
  if (slots.size === 0) return <Empty>It has no tasks.</Empty>;
  const sorted = [...slots].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  return (
    <Table name="Tasks" heads={["Slot", "State", "Node", "For", "Why", "Before"]}>
      {sorted.map(([slot, ofSlot]) => (
        <Slot key={slot} tasks={ofSlot} swarm={swarm} />
      ))}
    </Table>
  );
}

function Slot({ tasks, swarm }: SlotsProps) {
  const ordered = [...tasks].sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt));
  const last = ordered.pop();
  if (!last) return null;
  const node = swarm.get("node", last.NodeID ?? "");
  return (
    <tr>
      <th scope="row">{last.Slot ?? (node ? nodeName(node) : "")}</th>
      <td>
        <TaskStateText task={last} />
      </td>
      <td>{node ? <a href={`/nodes/${node.ID}`}>{nodeName(node)}</a> : "none yet"}</td>
      <td>
        <Age since={last.Since} />
      </td>
      <td class="reason">{lookOf(last) === "running" ? "" : reasonOf(last)}</td>
      <td>
        <ul class="history">
          {ordered.slice(-shownBefore).map(task => (
            <li key={task.ID} title={`${task.State}: ${reasonOf(task)}`}>
              <TaskMark look={lookOf(task)} />
              <span class="hidden">{task.State}</span>
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}
