import type { Task } from "../model/objects.ts";
import { countLooks, type Look } from "../model/task.ts";
import { figure } from "../model/text.ts";
import { TaskMark } from "./task-mark.tsx";

interface LookChoiceProps {
  readonly tasks: readonly Task[];
  /** The chosen one; undefined for all of them. */
  readonly chosen: Look | undefined;
  readonly onChoose: (look: Look | undefined) => void;
}

/** How many tasks are in each state; a press shows these alone. The chosen one stays to be seen when there is none any more. */
export function LookChoice({ tasks, chosen, onChoose }: LookChoiceProps) {
  const counts = countLooks(tasks);
  if (chosen && !counts.some(([look]) => look === chosen)) counts.push([chosen, 0]);
  return (
    <fieldset class="choice">
      <legend class="hidden">State</legend>
      <button type="button" aria-pressed={chosen === undefined} onClick={() => onChoose(undefined)}>
        all {figure(tasks.length)}
      </button>
      {counts.map(([look, count]) => (
        <button key={look} type="button" class="state" aria-pressed={chosen === look} onClick={() => onChoose(look)}>
          <TaskMark look={look} /> {figure(count)} {look}
        </button>
      ))}
    </fieldset>
  );
}
