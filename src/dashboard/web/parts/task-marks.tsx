import { Component } from "preact";
import type { Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { isCurrent, type Look, lookOf, reasonOf, taskName } from "../model/task.ts";
import { currentSwarm, shownSince } from "../state.ts";
import { areSeenSingly } from "./fading.ts";

/** Milliseconds after the swarm was heard of anew in which nothing counts as new. */
const settledMs = 1_000;

interface MarkProps {
  readonly task: Task;
  readonly swarm: Swarm;
}

/** What is wanted, those of one service together. */
export function placesOf(tasks: Iterable<Task>): Task[] {
  return [...tasks].filter(isCurrent).sort(inOrder);
}

/** Tasks in the order in which they are shown: by service, then by slot. */
export function inOrder(a: Task, b: Task): number {
  const [ofA = "", ofB = ""] = [a.ServiceID, b.ServiceID];
  if (ofA !== ofB) return ofA < ofB ? -1 : 1;
  return (a.Slot ?? 0) - (b.Slot ?? 0);
}

/**
 * Tasks as marks that link to their services. There may be thousands: one plain element each, and none of them a stop of the
 * keyboard, for which the node's page has the same as a table.
 */
export function TaskMarks({ tasks, swarm }: { readonly tasks: readonly Task[]; readonly swarm: Swarm }) {
  return (
    <div class="marks">
      {tasks.map(task => (
        <Mark key={task.ID} task={task} swarm={swarm} />
      ))}
    </div>
  );
}

/** Drawn again only when its task is another: all its neighbours change all the time. */
class Mark extends Component<MarkProps> {
  /** What is there when the page is opened does not appear, it is there; and among thousands nobody would see it. */
  readonly #isNew = performance.now() - shownSince.value > settledMs && areSeenSingly(currentSwarm());

  override shouldComponentUpdate({ task }: MarkProps): boolean {
    return task !== this.props.task;
  }

  override render({ task, swarm }: MarkProps) {
    const service = swarm.get("service", task.ServiceID ?? "");
    const node = swarm.get("node", task.NodeID ?? "");
    const says = `${taskName(task, service, node)} · ${task.State} · ${task.Image ?? ""}\n${reasonOf(task)}`;
    return (
      // biome-ignore lint/a11y/useAnchorContent: its title is what readers of the screen are told as well
      <a
        href={`/services/${task.ServiceID}`}
        class={`mark ${isCurrent(task) ? lookOf(task) : `${endOf(task)} ended`}${this.#isNew ? " new" : ""}`}
        style={`--hue:${swarm.hueOf(task.ServiceID ?? "")}`}
        title={says}
        tabIndex={-1}
      />
    );
  }
}

/** How a task that is not wanted any more looks: also one that has not ended yet. */
function endOf(task: Task): Look {
  const look = lookOf(task);
  return look === "failed" || look === "done" ? look : "stopped";
}
