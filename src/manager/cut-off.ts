import type { Listener } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import type { StoreEvent } from "../store/tx.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Ends the connections of nodes that were removed or demoted, at once: each goes on as who it was when it began. */
export function cutOffFormer(store: Pick<Store, "onCommit">, listener: Listener): () => void {
  return store.onCommit(
    events => {
      for (const event of events) if (isFormer(event)) listener.disconnect(event.object.id);
    },
    ["node"],
  );
}

function isFormer(event: StoreEvent): event is Extract<StoreEvent, { kind: "node" }> {
  if (event.kind !== "node") return false;
  if (event.action === "remove") return true;
  return event.action === "update" && event.old.role === NodeRole.MANAGER && event.object.role === NodeRole.WORKER;
}
