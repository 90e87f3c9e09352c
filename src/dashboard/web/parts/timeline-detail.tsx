import type { Swarm } from "../model/swarm.ts";
import { nameOfNode, reasonOf } from "../model/task.ts";
import type { Bar } from "../model/timeline.ts";
import { Age } from "./age.tsx";
import { TaskStateText } from "./task-mark.tsx";

interface TimelineDetailProps {
  readonly bar: Bar | undefined;
  readonly swarm: Swarm;
}

/** What there is to say of the task that is pointed at. */
export function TimelineDetail({ bar, swarm }: TimelineDetailProps) {
  if (!bar)
    return <p class="timeline-detail next">Point at a bar, or go there with the arrow keys, to read what it says.</p>;
  const { task } = bar;
  const node = nameOfNode(swarm, task.NodeID ?? "");
  return (
    <p class="timeline-detail">
      <TaskStateText task={task} /> for <Age since={task.Since} />
      {node && (
        <>
          {" "}
          on <a href={`/nodes/${task.NodeID}`}>{node}</a>
        </>
      )}
      , made <Age since={task.CreatedAt} isPast />
      {task.Image && (
        <>
          {" "}
          from <code>{task.Image.replace(/@sha256:.*/, "")}</code>
        </>
      )}
      {reasonOf(task) && <span class="reason"> · {reasonOf(task)}</span>}
    </p>
  );
}
