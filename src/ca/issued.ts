import { Bell, onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import type { Store } from "../store/store.ts";
import { type Certificate, IssuanceStatus_State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Waits until nothing is being done about a node's certificate any more. Fault not_found when there is no such node. */
export async function issued(store: Store, nodeId: string, signal: AbortSignal): Promise<Certificate> {
  const bell = new Bell();
  const stopListening = store.onCommit(
    events => {
      if (events.some(({ object }) => object.id === nodeId)) bell.ring();
    },
    ["node"],
  );
  const stopRestore = store.onRestore(() => bell.ring());
  const unhook = onAbort(signal, () => bell.ring());
  try {
    for (;;) {
      const node = store.view(tx => tx.node.get(nodeId));
      if (!node) throw new Fault("not_found", `node ${nodeId} not found`);
      const { certificate } = node;
      if (certificate && isSettled(certificate)) return certificate;
      if (signal.aborted) throw new Fault("cancelled", "the caller has gone away");
      await bell.wait();
    }
  } finally {
    stopListening();
    stopRestore();
    unhook();
  }
}

/** ROTATE: there is a certificate, but its holder is to ask for another. */
function isSettled({ status }: Certificate): boolean {
  const { ISSUED, FAILED, ROTATE } = IssuanceStatus_State;
  return status !== undefined && [ISSUED, FAILED, ROTATE].includes(status.state);
}
