import type { Node, Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { nodeName } from "../model/task.ts";
import { plural } from "../model/text.ts";
import { useFading } from "../parts/fading.ts";
import { TaskGroups } from "../parts/task-groups.tsx";
import { inOrder, placesOf, TaskMarks } from "../parts/task-marks.tsx";
import { useSwarm } from "../state.ts";
import { roleText } from "./nodes.tsx";

/** Tasks that a column shows one by one; of more it shows how many of each service there are. */
const mostMarks = 300;

/** Tasks of a swarm whose marks may be large. */
const fewTasks = 300;

/** Nodes as columns, each with its tasks in it; and the tasks that have no node. */
export function NodeColumns() {
  const swarm = useSwarm("node");
  const nodes = [...swarm.all("node")].sort((a, b) => nodeName(a).localeCompare(nodeName(b)));
  return (
    <ul class={swarm.size("task") > fewTasks ? "columns" : "columns roomy"}>
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
        {` · ${plural(tasks.length, "task")}`}
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
      <p class="column-says">{plural(tasks.length, "task")}</p>
      <Tasks tasks={tasks} swarm={swarm} />
    </li>
  );
}

function Tasks({ tasks, swarm }: { readonly tasks: readonly Task[]; readonly swarm: Swarm }) {
  const fading = useFading(tasks, swarm);
  if (tasks.length > mostMarks) return <TaskGroups tasks={tasks} swarm={swarm} />;
  const shown = fading.length > 0 ? [...tasks, ...fading].sort(inOrder) : tasks;
  return <TaskMarks tasks={shown} swarm={swarm} />;
}
