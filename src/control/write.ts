import type { Cluster, Network, Node, Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import type { WriteTx } from "../store/tx.ts";

/** What control loops may do to the store. */
export type Write =
  | { readonly kind: "create task"; readonly task: Task }
  | { readonly kind: "update task"; readonly task: Task }
  | { readonly kind: "remove task"; readonly id: string }
  | { readonly kind: "update service"; readonly service: Service }
  | { readonly kind: "update network"; readonly network: Network }
  | { readonly kind: "update node"; readonly node: Node }
  | { readonly kind: "update cluster"; readonly cluster: Cluster };

export function applyWrites(tx: WriteTx, writes: readonly Write[]): void {
  for (const write of writes) {
    switch (write.kind) {
      case "create task":
        tx.task.create(write.task);
        break;
      case "update task":
        tx.task.update(write.task);
        break;
      case "remove task":
        tx.task.remove(write.id);
        break;
      case "update service":
        tx.service.update(write.service);
        break;
      case "update network":
        tx.network.update(write.network);
        break;
      case "update node":
        tx.node.update(write.node);
        break;
      case "update cluster":
        tx.cluster.update(write.cluster);
        break;
      default:
        write satisfies never;
    }
  }
}
