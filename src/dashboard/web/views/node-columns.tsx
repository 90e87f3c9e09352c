import type { Node, Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { nodeName } from "../model/task.ts";
import { figure, plural } from "../model/text.ts";
import { TaskGroups } from "../parts/task-groups.tsx";
import { placesOf, TaskMarks } from "../parts/task-marks.tsx";
import { useSwarm } from "../state.ts";
import { roleText } from "./nodes.tsx";

/** Tasks that a column shows one by one; of more it shows how many of each service there are. */
const mostMarks = 300;

/** Nodes as columns, each with its tasks in it; and the tasks that have no node. */
export function NodeColumns() {
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
  const tasks = placesOf(swarm.tasksOn(node.ID).values());
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
        {` · ${figure(tasks.length)}`}
      </p>
      <Tasks tasks={tasks} swarm={swarm} />
    </li>
  );
}

/** Tasks that have no node yet; not there when there are none. */
function WaitingColumn() {
  const swarm = useSwarm("tasks on ");
  const tasks = placesOf(swarm.tasksOn("").values());
  if (tasks.length === 0) return null;
  return (
    <li class="column unplaced">
      <h3>Not placed</h3>
      <p class="column-says">{plural(tasks.length, "task")} without a node</p>
      <Tasks tasks={tasks} swarm={swarm} />
    </li>
  );
}

function Tasks({ tasks, swarm }: { readonly tasks: readonly Task[]; readonly swarm: Swarm }) {
  return tasks.length > mostMarks ? (
    <TaskGroups tasks={tasks} swarm={swarm} />
  ) : (
    <TaskMarks tasks={tasks} swarm={swarm} />
  );
}
