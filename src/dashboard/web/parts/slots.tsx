import { useState } from "preact/hooks";
import type { Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { type Look, lookOf, nodeName, reasonOf } from "../model/task.ts";
import { bytes, processors } from "../model/text.ts";
import { newestOf } from "../model/timeline.ts";
import { latest, type Usage } from "../model/usage.ts";
import { Age } from "./age.tsx";
import { LookChoice } from "./look-choice.tsx";
import { Empty } from "./page.tsx";
import { Pages } from "./pages.tsx";
import { Table } from "./table.tsx";
import { TaskStateText } from "./task-mark.tsx";

/** Slots on a page; those of more can be chosen by their state. */
const pageSlots = 100;

interface SlotsProps {
  /** Another array whenever one of them is another: what is drawn again is told by that. */
  readonly tasks: readonly Task[];
  readonly swarm: Swarm;
  readonly usage: Usage | undefined;
}

/** A service's tasks: for each slot the one of now, with what it uses. */
export function Slots({ tasks, swarm, usage }: SlotsProps) {
  const [look, choose] = useState<Look>();
  const all = newestOf(tasks);
  if (all.length === 0) return <Empty>It has no tasks.</Empty>;
  const chosen = look ? all.filter(task => lookOf(task) === look) : all;
  return (
    <>
      {(all.length > pageSlots || look) && <LookChoice tasks={all} chosen={look} onChoose={choose} />}
      {chosen.length === 0 && <Empty>There is none like that now.</Empty>}
      <Pages name="tasks" items={chosen} size={pageSlots}>
        {shown => (
          <Table name="Tasks" heads={["Slot", "State", "Node", "For", "#CPU", "#Memory", "Why"]}>
            {shown.map(task => (
              <Slot key={task.Slot ?? task.NodeID} task={task} swarm={swarm} usage={usage} />
            ))}
          </Table>
        )}
      </Pages>
    </>
  );
}

function Slot({ task, swarm, usage }: Omit<SlotsProps, "tasks"> & { readonly task: Task }) {
  const node = swarm.get("node", task.NodeID ?? "");
  const series = usage?.tasks.get(task.ID);
  const [busy, memory] = [latest(series?.CPUs ?? []), latest(series?.Memory ?? [])];
  return (
    <tr>
      <th scope="row" class="nowrap">
        {task.Slot ?? (node ? nodeName(node) : "")}
      </th>
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
