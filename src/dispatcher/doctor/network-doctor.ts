import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { onAbort } from "../../lib/bell.ts";
import { Channel } from "../../lib/channel.ts";
import { Fault } from "../../lib/fault.ts";
import { newId } from "../../lib/ids.ts";
import type { Node } from "../../model/objects.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { CallContext, Handlers } from "../../ports/transport.ts";
import type { Store } from "../../store/store.ts";
import { NodeStatus_State as NodeState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  type NetworkDoctor as DoctorService,
  type Examination,
  ExaminationSchema,
  type ExamineRequest,
  type NodeExamination,
  type NodeExaminationSchema,
  NodeExamination_Outcome as Outcome,
  type PortInUse,
} from "../../wire/gen/shoal/v1/doctor_pb.ts";
import { NodeListeners } from "../node-listeners.ts";
import { whyNoDataPlane } from "./no-data-plane.ts";

/** How long a node may take to examine itself, in milliseconds. */
const examinationMs = 60_000;
/** Examinations at one time. */
const examinationLimit = 16;
/** Messages that may wait for one node. */
const waitingMessages = 2 * examinationLimit;
/** Ports of one node's that are noted. */
const portLimit = 1_000;

type Answered = MessageInitShape<typeof NodeExaminationSchema>;

/** One examination, until every node has answered. */
interface Running {
  readonly answers: Channel<Answered>;
  readonly waitingFor: Set<string>;
}

export interface NetworkDoctorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Brings whoever asks what is wrong with the swarm's networks together with the nodes, and knows which published ports are in use
 * there. Runs only on the leader, like the dispatcher; it writes nothing.
 */
export class NetworkDoctor {
  readonly handlers: Handlers<typeof DoctorService>;
  readonly #options: NetworkDoctorOptions;
  readonly #listeners = new NodeListeners<Examination>(waitingMessages);
  readonly #ports = new Map<string, readonly PortInUse[]>();
  readonly #running = new Map<string, Running>();
  #isRunning = false;

  constructor(options: NetworkDoctorOptions) {
    this.#options = options;
    this.handlers = {
      listen: (_request, context) => this.#listen(context),
      answer: async (answer, context) => this.#answer(answer, context),
      tellPorts: async ({ ports }, context) => this.#tellPorts(ports, context),
      examine: (request, context) => this.#examine(request, context),
    };
  }

  /** By node, the published ports that something else there listens on, as the nodes that listen have said last. */
  get portsInUse(): ReadonlyMap<string, readonly PortInUse[]> {
    return this.#ports;
  }

  start(): void {
    this.#isRunning = true;
  }

  /** Ends every stream with unavailable. */
  stop(): void {
    this.#isRunning = false;
    const stopped = new Fault("unavailable", "network doctor is stopped");
    this.#listeners.stop(stopped);
    for (const { answers } of this.#running.values()) answers.close(stopped);
    this.#ports.clear();
  }

  async *#listen(context: CallContext): AsyncGenerator<Examination, void> {
    const nodeId = this.#caller(context);
    const first = [create(ExaminationSchema)];
    yield* this.#listeners.listen(nodeId, context.signal, { first, left: () => this.#left(nodeId) });
  }

  #left(nodeId: string): void {
    this.#ports.delete(nodeId);
    for (const running of this.#running.values())
      if (running.waitingFor.has(nodeId)) settle(running, notReached(nodeId, "it has gone meanwhile"));
  }

  #answer(answer: NodeExamination, context: CallContext): Record<string, never> {
    const nodeId = this.#caller(context);
    const running = this.#running.get(answer.examinationId);
    if (!running?.waitingFor.has(nodeId))
      throw new Fault("not_found", `node ${nodeId} was not asked, or has answered already`);
    settle(running, { ...answer, nodeId, outcome: Outcome.EXAMINED });
    return {};
  }

  #tellPorts(ports: readonly PortInUse[], context: CallContext): Record<string, never> {
    const nodeId = this.#caller(context);
    if (!this.#listeners.has(nodeId)) throw new Fault("failed_precondition", `node ${nodeId} does not listen`);
    if (ports.length > 0) this.#ports.set(nodeId, ports.slice(0, portLimit));
    else this.#ports.delete(nodeId);
    return {};
  }

  async *#examine({ nodeIds, repair }: ExamineRequest, { signal }: CallContext): AsyncGenerator<Answered, void> {
    this.#requireRunning();
    if (this.#running.size >= examinationLimit)
      throw new Fault("resource_exhausted", `Cannot examine networks: ${examinationLimit} examinations are under way`);
    const { clock, random, store } = this.#options;
    const all = store.view(tx => [...tx.node.all()]);
    const nodes = nodeIds.length === 0 ? all : nodeIds.map(id => nodeOf(all, id));
    const id = newId(random);
    const answers = new Channel<Answered>(nodes.length + 1);
    const running = { answers, waitingFor: new Set(nodes.map(node => node.id)) };
    const unhook = onAbort(signal, () => answers.close());
    const timer = clock.after(examinationMs, () => {
      for (const nodeId of [...running.waitingFor])
        settle(running, notReached(nodeId, `it did not answer within ${examinationMs / 1_000} s`));
    });
    this.#running.set(id, running);
    try {
      const awayNodeIds = all.filter(node => node.status.state === NodeState.DOWN).map(node => node.id);
      for (const node of nodes) this.#ask(node, running, create(ExaminationSchema, { id, repair, awayNodeIds }));
      yield* answers;
    } finally {
      timer.cancel();
      unhook();
      this.#running.delete(id);
    }
  }

  #ask(node: Node, running: Running, examination: Examination): void {
    const reason = whyNoDataPlane(node);
    if (node.status.state === NodeState.DOWN)
      settle(running, notReached(node.id, `it is down: ${node.status.message || "no heartbeat"}`));
    else if (reason !== undefined) settle(running, { nodeId: node.id, outcome: Outcome.NO_DATA_PLANE, reason });
    else if (!this.#listeners.tell(node.id, examination))
      settle(running, notReached(node.id, "it has no session with this manager now"));
  }

  #requireRunning(): void {
    if (!this.#isRunning) throw new Fault("unavailable", "network doctor is stopped");
  }

  #caller({ caller }: CallContext): string {
    this.#requireRunning();
    if (!caller) throw new Fault("unauthenticated", "only nodes of the swarm are examined");
    return caller.nodeId;
  }
}

/** Takes a node's answer, once; the last ends the examination. */
function settle({ answers, waitingFor }: Running, answer: Answered): void {
  if (!waitingFor.delete(answer.nodeId ?? "")) return;
  answers.offer(answer);
  if (waitingFor.size === 0) answers.close();
}

function notReached(nodeId: string, reason: string): Answered {
  return { nodeId, outcome: Outcome.NOT_REACHED, reason };
}

function nodeOf(all: readonly Node[], id: string): Node {
  const node = all.find(each => each.id === id);
  if (!node) throw new Fault("not_found", `node ${id} not found`);
  return node;
}
