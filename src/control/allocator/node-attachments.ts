import { create } from "@bufbuild/protobuf";
import { isOverlay } from "../../model/network.ts";
import type { Network, Node } from "../../model/objects.ts";
import { occupiesNode, type Task } from "../../model/task.ts";
import { NetworkAttachmentSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { AddressBook } from "./address-book.ts";
import type { KeptAddresses } from "./kept-addresses.ts";
import { isProblem, type Problem } from "./problem.ts";
import type { UndoLog } from "./undo-log.ts";

export interface NodeSources {
  readonly addresses: AddressBook;
  readonly undo: UndoLog;
  /** The routing mesh's network, if it is there. */
  readonly ingress: Network | undefined;
  /** The network as it is now; undefined when it is gone. */
  readonly networkOf: (id: string) => Network | undefined;
  readonly kept: KeptAddresses;
  readonly now: number;
}

export interface NodeOutcome {
  /** The node with the addresses it is to have; undefined when it has those already. */
  readonly node: Node | undefined;
  /** Why it does not have all it needs. */
  readonly problem: Problem | undefined;
  /** Whether it has addresses that it does not need, and keeps them for a while. */
  readonly keeps: boolean;
}

/**
 * A node's own addresses, its bridges': one on every network on which it has tasks that may have containers, and one on the
 * routing mesh always.
 */
export function withAttachments(node: Node, tasks: Iterable<Task>, sources: NodeSources): NodeOutcome {
  const needed = neededBy(tasks, sources);
  const unneeded = networksOf(node).filter(id => !needed.has(id) && sources.networkOf(id));
  const kept = sources.kept.keep(node.id, unneeded, sources.now);
  const attachments = node.attachments.filter(({ network }) => {
    const id = network?.id ?? "";
    return needed.has(id) || kept.has(id);
  });
  const has = new Set(networksOf(node));
  let problem: Problem | undefined;
  for (const network of needed.values()) {
    if (has.has(network.id)) continue;
    const addresses = sources.addresses.take(network.id, "node", [], sources.undo);
    if (isProblem(addresses)) problem ??= addresses;
    else attachments.push(create(NetworkAttachmentSchema, { network, addresses }));
  }
  const isSame =
    attachments.length === node.attachments.length && attachments.every((one, at) => one === node.attachments[at]);
  return { node: isSame ? undefined : { ...node, attachments }, problem, keeps: kept.size > 0 };
}

function networksOf({ attachments }: Node): string[] {
  return attachments.flatMap(({ network }) => network?.id ?? []);
}

function neededBy(tasks: Iterable<Task>, { ingress, networkOf, addresses }: NodeSources): Map<string, Network> {
  const needed = new Map<string, Network>();
  if (ingress) needed.set(ingress.id, ingress);
  for (const task of tasks) {
    if (!occupiesNode(task)) continue;
    for (const { network } of task.networks) {
      const current = network && addresses.serves(network.id) ? networkOf(network.id) : undefined;
      if (current && isOverlay(current)) needed.set(current.id, current);
    }
  }
  return needed;
}
