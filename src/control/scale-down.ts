import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Slot } from "./slot.ts";
import { wantedIn } from "./slot-state.ts";

/**
 * Which `count` of the slots to give up: first those where nothing runs, then those on the nodes with most of them, so
 * that the rest stays balanced; among equals the highest number.
 */
export function surplusSlots(slots: readonly Slot[], count: number): Slot[] {
  if (count <= 0) return [];
  const byNumber = [...slots].sort((a, b) => Number(a.number - b.number));
  const idle = byNumber.filter(slot => runningOn(slot) === undefined);
  const running = byNumber.filter(slot => runningOn(slot) !== undefined);
  return [...idle.reverse(), ...fullestNodesFirst(running)].slice(0, count);
}

/** On each node the slots get ranks; giving up the highest ranks first levels the nodes. */
function fullestNodesFirst(running: readonly Slot[]): Slot[] {
  const seen = new Map<string, number>();
  const ranked = running.map(slot => {
    const node = runningOn(slot) ?? "";
    const rank = seen.get(node) ?? 0;
    seen.set(node, rank + 1);
    return { slot, rank };
  });
  return ranked.sort((a, b) => b.rank - a.rank || Number(b.slot.number - a.slot.number)).map(({ slot }) => slot);
}

function runningOn(slot: Slot): string | undefined {
  return wantedIn(slot).find(task => task.status.state === TaskState.RUNNING)?.nodeId;
}
