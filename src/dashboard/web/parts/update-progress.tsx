import type { Service } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { plural } from "../model/text.ts";
import { progressOf, rowsOf } from "../model/timeline.ts";

interface UpdateProgressProps {
  readonly service: Service;
  readonly swarm: Swarm;
}

/** How far an update is, which slot it is at, what has failed, and why it stands still. */
export function UpdateProgress({ service, swarm }: UpdateProgressProps) {
  const { State, Message } = service.UpdateStatus ?? {};
  if (!State || State === "completed" || State === "rollback_completed") return null;
  const { renewed, slots, replacing, failures } = progressOf(rowsOf(swarm.tasksOf(service.ID).values(), service));
  const at = replacing.map(slot => swarm.get("node", slot)?.Description.Hostname ?? slot).join(", ");
  return (
    <div class="update">
      <p>
        <strong>{says[State]}</strong>: {renewed} of {plural(slots, "slot")} done
        {at && `, now at ${at}`}
        {failures > 0 && `, ${plural(failures, "task")} failed`}
      </p>
      <progress max={Math.max(1, slots)} value={renewed} aria-label="Slots updated" />
      {Message && <p class="reason">{Message}</p>}
    </div>
  );
}

const says = {
  updating: "Update",
  paused: "Update, paused",
  rollback_started: "Rolling back",
  rollback_paused: "Rollback, paused",
} as const;
