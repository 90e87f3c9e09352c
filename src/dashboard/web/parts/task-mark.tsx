import type { Task } from "../model/objects.ts";
import { type Look, lookOf } from "../model/task.ts";

/** A shape for each look, so that nobody needs to tell colours apart. In a box of 12 by 12. */
const shapes: Readonly<Record<Look, string>> = {
  running: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z",
  starting: "M6 1a5 5 0 0 1 0 10zM6 1a5 5 0 0 0 0 10v-1.500a3.500 3.500 0 0 1 0-7z",
  waiting: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1zm0 1.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 1 1 0-7z",
  done: "M4.600 10.200 1 6.600l1.400-1.400 2.200 2.200L9.600 2.300 11 3.700z",
  failed: "M6 .5 11.500 6 6 11.500.5 6zM5.200 3.200h1.600v3.600H5.200zm0 4.400h1.600v1.500H5.200z",
  stopped: "M1.500 1.500h9v9h-9zM3 3v6h6V3z",
};

/** The shape alone: words beside it say the same. */
export function TaskMark({ look }: { readonly look: Look }) {
  return (
    <svg class={`mark ${look}`} viewBox="0 0 12 12" aria-hidden="true">
      <path d={shapes[look]} fill-rule="evenodd" />
    </svg>
  );
}

/** A task's state in a word, with its mark. */
export function TaskStateText({ task }: { readonly task: Task }) {
  return (
    <span class="state">
      <TaskMark look={lookOf(task)} /> {task.State}
    </span>
  );
}
