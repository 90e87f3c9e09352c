import { create } from "@bufbuild/protobuf";
import type { MemberStatus } from "../consensus/member.ts";
import { Fault } from "../lib/fault.ts";
import type { Node } from "../model/objects.ts";
import { nodeGrammars } from "../model/shoal-labels.ts";
import { toTimestamp } from "../model/time.ts";
import { isShoalsOwn } from "../pki/node-key.ts";
import { theCluster } from "../store/the-cluster.ts";
import type { ReadTx, WriteTx } from "../store/tx.ts";
import type { ListNodesRequest_Filters as Filters } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import {
  AnnotationsSchema,
  NodeRole,
  NodeStatus_State as NodeState,
  TaskState,
  TaskStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkLabels } from "./labels.ts";
import { keepsQuorumWithout, withManagerStatus } from "./manager-status.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { withPortsInUse } from "./ports-in-use.ts";
import { withRefused } from "./removed-certificates.ts";
import { hasLabels, isAmong, select } from "./select.ts";
import { atVersion } from "./versioned.ts";

export function nodeMethods({
  store,
  clock,
  members,
  portsInUse,
}: ControlApiParts): Methods<"getNode" | "listNodes" | "updateNode" | "removeNode"> {
  const shown = (node: Node, managers: readonly MemberStatus[]) =>
    store.view(tx => withPortsInUse(tx, withManagerStatus(node, managers), portsInUse()));
  return {
    async getNode(request) {
      const id = required(request.nodeId);
      const node = store.view(tx => tx.node.get(id));
      if (!node) throw notFound("node", id);
      return { node: shown(node, members()) };
    },

    async listNodes({ filters }) {
      const [nodes, managers] = [store.view(tx => listNodes(tx, filters)), members()];
      return { nodes: nodes.map(node => shown(node, managers)) };
    },

    async updateNode(request) {
      const id = required(request.nodeId);
      const version = required(request.nodeVersion);
      const sent = required(request.spec);
      const spec = { ...sent, annotations: sent.annotations ?? create(AnnotationsSchema) };
      const node = await store.update(tx => {
        const current = tx.node.get(id);
        if (!current) throw notFound("node", id);
        checkLabels(spec.annotations.labels, nodeGrammars, current.spec.annotations.labels);
        if (current.spec.desiredRole === NodeRole.MANAGER && spec.desiredRole === NodeRole.WORKER)
          checkDemotion(tx, current, members());
        if (current.spec.desiredRole === NodeRole.WORKER && spec.desiredRole === NodeRole.MANAGER)
          checkPromotion(current);
        return tx.node.update({ ...atVersion(current, version), spec });
      });
      return { node: withManagerStatus(node, members()) };
    },

    async removeNode({ nodeId, force }) {
      const id = required(nodeId);
      await store.update(tx => {
        const node = tx.node.get(id);
        if (!node) throw notFound("node", id);
        checkRemoval(node, members(), force);
        tx.cluster.update(withRefused(theCluster(tx), node, clock.now()));
        orphanTasks(tx, node, clock.now());
        tx.node.remove(id);
      });
      return {};
    },
  };
}

/** Names are hostnames, labels the engine's: SwarmKit's filters are called so. */
function listNodes(tx: ReadTx, filters: Filters | undefined): Node[] {
  return select(tx.node, filters, ({ description }) => ({
    name: description?.hostname ?? "",
    labels: description?.engine?.labels ?? {},
  })).filter(
    node =>
      hasLabels(node.spec.annotations.labels, filters?.nodeLabels ?? {}) &&
      isAmong(node.role, filters?.roles ?? []) &&
      isAmong(node.spec.membership, filters?.memberships ?? []),
  );
}

/** Managers of both makes in one quorum would have to agree on more than the protocol says. */
function checkPromotion({ id, certificate, description }: Node): void {
  if (!certificate || certificate.csr.length === 0 || isShoalsOwn(certificate.csr)) return;
  const name = description?.hostname ?? id;
  throw new Fault(
    "failed_precondition",
    `Cannot promote node "${name}": it is a Docker Engine, and this swarm's managers are Shoal's. Run shoald on it and join it again`,
  );
}

function checkDemotion(tx: ReadTx, node: Node, members: readonly MemberStatus[]): void {
  // Who is being demoted already is no manager to count on.
  const stays = ({ id, role, spec }: Node) =>
    id !== node.id && role === NodeRole.MANAGER && spec.desiredRole === NodeRole.MANAGER;
  const others = [...tx.node.all()].filter(stays);
  if (node.role === NodeRole.MANAGER && others.length === 0)
    throw new Fault("failed_precondition", "attempting to demote the last manager of the swarm");
  if (!keepsQuorumWithout(members, node.id))
    throw new Fault("failed_precondition", "can't remove member from the raft: this would result in a loss of quorum");
}

function checkRemoval({ id, spec, status }: Node, members: readonly MemberStatus[], force: boolean): void {
  const isMember = members.some(({ nodeId }) => nodeId === id);
  const advice =
    spec.desiredRole === NodeRole.MANAGER
      ? "It must be demoted to worker before removal"
      : "It is being demoted; try again when it is a worker";
  if (isMember)
    throw new Fault(
      "failed_precondition",
      `node ${id} is a cluster manager and is a member of the raft cluster. ${advice}`,
    );
  if (!force && status.state === NodeState.READY)
    throw new Fault("failed_precondition", `node ${id} is not down and can't be removed`);
}

/** Nobody will report on a removed node's tasks any more: whatever is not ended is given up, for others to take its place. */
function orphanTasks(tx: WriteTx, node: Node, nowMs: number): void {
  const status = create(TaskStatusSchema, {
    timestamp: toTimestamp(nowMs),
    state: TaskState.ORPHANED,
    message: "Task belonged to a node that has been deleted",
  });
  for (const task of tx.task.byNode(node.id))
    if (task.status.state < TaskState.COMPLETE) tx.task.update({ ...task, status });
}
