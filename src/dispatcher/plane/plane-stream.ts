import { create } from "@bufbuild/protobuf";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Store } from "../../store/store.ts";
import {
  NetworkMessage_Type as MessageType,
  type NetworkMessage,
  NetworkMessageSchema,
} from "../../wire/gen/shoal/v1/network_pb.ts";
import type { NodeSession } from "../session.ts";
import { PlaneSet } from "./plane-set.ts";
import type { PlaneWatch } from "./plane-watch.ts";

/** Least time between two messages to a node. The first change goes at once, what follows goes together. */
const messagePeriodMs = 50;

/** The session's node's whole plane, then every change. */
export async function* networkMessages(
  store: Store,
  clock: Clock,
  session: NodeSession,
  planes: PlaneWatch,
  signal: AbortSignal,
): AsyncGenerator<NetworkMessage, void> {
  const feed = session.open("network", signal);
  // It watches before the first look, so no change falls between the two.
  const watcher = store.view(tx => planes.open(tx, session.nodeId, () => feed.wake()));
  const set = new PlaneSet(session.nodeId);
  try {
    const changes = store.view(tx => set.all(tx));
    yield create(NetworkMessageSchema, { type: MessageType.COMPLETE, changes, confirm: watcher.ask() });
    while (await feed.next()) {
      const news = watcher.take();
      const differences = store.view(tx => set.changes(tx, news));
      if (differences.length === 0) continue;
      const confirm = news.withdrawn ? watcher.ask() : 0n;
      yield create(NetworkMessageSchema, { type: MessageType.INCREMENTAL, changes: differences, confirm });
      await sleep(clock, messagePeriodMs, signal);
    }
  } finally {
    planes.close(watcher);
    feed.close();
  }
}
