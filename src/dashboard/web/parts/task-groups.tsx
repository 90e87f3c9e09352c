import { useState } from "preact/hooks";
import type { Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { countLooks } from "../model/task.ts";
import { figure } from "../model/text.ts";
import { Swatched } from "./swatch.tsx";
import { TaskMarks } from "./task-marks.tsx";

interface TaskGroupsProps {
  readonly tasks: readonly Task[];
  readonly swarm: Swarm;
}

/** Tasks of which there are too many to look at one by one: how many of each service are how. Opened, a group has a mark for each. */
export function TaskGroups({ tasks, swarm }: TaskGroupsProps) {
  const byService = new Map<string, Task[]>();
  for (const task of tasks) {
    const group = byService.get(task.ServiceID ?? "");
    if (group) group.push(task);
    else byService.set(task.ServiceID ?? "", [task]);
  }
  const named = [...byService].map(([id, group]) => ({ id, group, name: swarm.get("service", id)?.Spec.Name ?? id }));
  return (
    <ul class="groups">
      {named
        .sort((a, b) => a.name.localeCompare(b.name))
        .map(({ id, ...about }) => (
          <TaskGroup key={id} hue={swarm.hueOf(id)} swarm={swarm} {...about} />
        ))}
    </ul>
  );
}

interface TaskGroupProps {
  readonly name: string;
  readonly hue: number;
  readonly group: readonly Task[];
  readonly swarm: Swarm;
}

function TaskGroup({ name, hue, group, swarm }: TaskGroupProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary style={`--hue:${hue}`}>
          <Swatched name={name} />
          <span class="next">
            {countLooks(group).map(([look, count]) => (
              <span key={look}>
                {figure(count)} {look}
              </span>
            ))}
          </span>
        </summary>
        {isOpen && <TaskMarks tasks={group} swarm={swarm} />}
      </details>
    </li>
  );
}
