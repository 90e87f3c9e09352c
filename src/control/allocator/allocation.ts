import { isAllocated } from "../../model/network.ts";
import type { Network } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { findCluster } from "../../store/the-cluster.ts";
import type { ReadTx } from "../../store/tx.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Context, Decision } from "../loop.ts";
import { withStatus } from "../task-change.ts";
import type { Write } from "../write.ts";
import { attachmentsFor } from "./attachments.ts";
import type { Backlog } from "./backlog.ts";
import { type EndpointSources, hasEndpoint, withEndpoint } from "./endpoint.ts";
import { allocatedOf, withState } from "./network-state.ts";
import { withAttachments } from "./node-attachments.ts";
import { isProblem, type Problem, until } from "./problem.ts";
import { type AllocatorState, isNew } from "./state.ts";
import { subnetSource } from "./subnets.ts";
import { SwarmNetworks } from "./swarm-networks.ts";
import { UndoLog } from "./undo-log.ts";

/** Before its service was looked at. */
const unknown: Problem = { lacks: "a network", text: "", until: "" };

/** Objects that one decision looks at: what is left comes right after others had their turn. Some milliseconds of work. */
const maxLooks = 2_000;

/** What nodes wait for whose addresses are kept for a while. */
const untilUnkept = "unkept";

export interface AllocationObservation {
  readonly state: AllocatorState;
  readonly tx: ReadTx;
}

/** Gives networks, services, nodes and tasks what they lack, in that order, for each needs what those before it have. */
export function decideAllocation({ state, tx }: AllocationObservation, context: Context): Decision {
  const undo = new UndoLog();
  try {
    return new Allocation(state, tx, undo, context).decide();
  } finally {
    undo.undo();
  }
}

class Allocation {
  readonly #state: AllocatorState;
  readonly #tx: ReadTx;
  readonly #sources: EndpointSources;
  readonly #networks: SwarmNetworks;
  readonly #undo: UndoLog;
  readonly #now: number;
  readonly #maxWrites: number;
  readonly #writes: Write[] = [];
  #looks = 0;

  constructor(state: AllocatorState, tx: ReadTx, undo: UndoLog, { now, maxWrites }: Context) {
    this.#state = state;
    this.#tx = tx;
    this.#undo = undo;
    this.#now = now;
    this.#maxWrites = maxWrites;
    this.#networks = new SwarmNetworks(tx, state.networkProblems);
    this.#sources = { networks: this.#networks, addresses: state.addresses, ports: state.ports, undo };
  }

  decide(): Decision {
    const { services, nodes, tasks, kept } = this.#state;
    if (kept.dueInMs(this.#now) === 0) {
      kept.startOver();
      nodes.wake(untilUnkept);
    }
    this.#allocateNetworks();
    this.#each(services, id => this.#service(id));
    this.#each(nodes, id => this.#node(id));
    this.#each(tasks, id => this.#task(id));
    const lookAgainMs = this.#state.hasFresh ? 1 : kept.dueInMs(this.#now);
    return { writes: this.#writes, ...(lookAgainMs !== undefined && { lookAgainMs }) };
  }

  #each(backlog: Backlog, look: (id: string) => void): void {
    for (const id of backlog.fresh()) {
      if (this.#writes.length >= this.#maxWrites || this.#looks >= maxLooks) return;
      this.#looks++;
      look(id);
    }
  }

  #allocateNetworks(): void {
    const { networks } = this.#state;
    if (!networks.hasFresh) return;
    const others = allocatedOf(this.#tx.network.all());
    const source = subnetSource(findCluster(this.#tx));
    this.#each(networks, id => {
      const network = this.#tx.network.get(id);
      if (!network || isAllocated(network)) networks.remove(id);
      else this.#network(network, others, source);
    });
  }

  #network(network: Network, others: Network[], source: ReturnType<typeof subnetSource>): void {
    const allocated = withState(network, others, source);
    if (isProblem(allocated)) {
      this.#state.noteNetworkProblem(network.id, allocated.text);
      this.#state.networks.park(network.id, allocated.until);
      return;
    }
    others.push(allocated);
    this.#writes.push({ kind: "update network", network: allocated });
  }

  #service(id: string): void {
    const { services, serviceProblems } = this.#state;
    const service = this.#tx.service.get(id);
    const allocated = service && withEndpoint(service, this.#sources);
    if (!allocated) {
      services.remove(id);
      serviceProblems.delete(id);
    } else if (isProblem(allocated)) {
      this.#state.noteServiceProblem(id, allocated);
      services.park(id, allocated.until);
    } else this.#writes.push({ kind: "update service", service: allocated });
  }

  #node(id: string): void {
    const { nodes, addresses, kept } = this.#state;
    const node = this.#tx.node.get(id);
    if (!node) {
      nodes.remove(id);
      return;
    }
    const ingress = this.#networks.ingress();
    const outcome = withAttachments(node, this.#tx.task.byNode(id), {
      ...{ addresses, kept, undo: this.#undo, now: this.#now },
      ingress: isProblem(ingress) ? undefined : ingress,
      networkOf: networkId => this.#tx.network.get(networkId),
    });
    if (outcome.node) this.#writes.push({ kind: "update node", node: outcome.node });
    else if (outcome.problem) nodes.park(id, outcome.problem.until);
    else if (outcome.keeps) nodes.park(id, untilUnkept);
    else nodes.remove(id);
  }

  #task(id: string): void {
    const { tasks } = this.#state;
    const task = this.#tx.task.get(id);
    if (!task || !isNew(task)) {
      tasks.remove(id);
      return;
    }
    const admitted = this.#admit(task);
    if (!isProblem(admitted)) {
      this.#writes.push({ kind: "update task", task: admitted });
      return;
    }
    const held = heldBy(task, admitted, this.#now);
    if (held) this.#writes.push({ kind: "update task", task: held });
    else tasks.park(id, admitted.until);
  }

  /** The task as it goes on to the scheduler: NEW → PENDING. */
  #admit(task: Task): Task | Problem {
    const service = this.#tx.service.get(task.serviceId);
    if (service && !hasEndpoint(service, this.#networks)) {
      const problem = this.#state.serviceProblems.get(service.id) ?? unknown;
      return { ...problem, until: until.service(service.id) };
    }
    const networks = attachmentsFor(task, service, this.#sources);
    if (isProblem(networks)) return networks;
    const endpoint = service?.endpoint ?? task.endpoint;
    const pending = { state: TaskState.PENDING, message: "pending task scheduling", err: "" };
    return withStatus({ ...task, networks, ...(endpoint && { endpoint }) }, pending, this.#now);
  }
}

/** The task as it waits and says why; undefined when it says so already, or there is nothing to say. */
function heldBy(task: Task, problem: Problem, now: number): Task | undefined {
  const change = { message: `waiting for ${problem.lacks}`, err: problem.text };
  const told = task.status.err === change.err && task.status.message === change.message;
  return change.err === "" || told ? undefined : withStatus(task, change, now);
}
