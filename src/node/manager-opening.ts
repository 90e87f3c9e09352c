import { Fault } from "../lib/fault.ts";
import { Manager, type ManagerOptions } from "../manager/manager.ts";
import type { ManagerBeginning } from "./manager-beginning.ts";
import type { SeatHooks } from "./manager-seat.ts";

/** Opens a manager with what it begins with. */
export function openManager(
  options: Omit<ManagerOptions, "founding">,
  beginning: ManagerBeginning,
  _hooks: SeatHooks,
): Promise<Manager> {
  switch (beginning.kind) {
    case "found":
      return Manager.start({ ...options, founding: beginning });
    case "resume":
    // A single manager is all there is of its swarm: it already is the new cluster that is asked for.
    case "force-new-cluster":
      return Manager.start(options);
    case "join":
      throw new Fault("unimplemented", "Cannot join a quorum: this version runs a single manager");
    default:
      return beginning satisfies never;
  }
}
