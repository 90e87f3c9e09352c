import { asFault } from "../lib/fault.ts";
import { loadNodeId } from "../pki/key-file.ts";
import type { Logger } from "../ports/log.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { NodeDoors } from "./doors.ts";
import { certificatesIn } from "./state-file.ts";

/** Ends and removes every task of the runtime's node, then its networks. What the runtime does not let go of is left, and logged. */
export async function removeTasks(runtime: Runtime, log: Logger): Promise<void> {
  const leave = (what: object) => (error: unknown) =>
    log.warn("cannot remove a task; what runs of it is left behind", { ...what, reason: asFault(error).message });
  const instances = await runtime.list().catch(leave({}));
  const removals = instances?.map(({ taskId }) => runtime.remove(taskId).catch(leave({ task: taskId })));
  await Promise.all(removals ?? []);
  await runtime
    .dismantle?.()
    .catch(error => log.warn("cannot remove this node's networks", { reason: asFault(error).message }));
}

/** The same for a node that could not take up its membership, as far as its files still tell who it is. */
export async function removeTasksOfMember({ disk, log, runtime }: NodeDoors, directory: string): Promise<void> {
  try {
    const nodeId = await loadNodeId(disk, certificatesIn(directory));
    if (nodeId === undefined) return;
    const opened = await runtime(nodeId, "", "");
    await removeTasks(opened, log);
    await opened.close();
  } catch (error) {
    log.warn("cannot tell which tasks were this node's; they are left behind", { reason: asFault(error).message });
  }
}
