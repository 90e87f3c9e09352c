import { create } from "@bufbuild/protobuf";
import type { MemberStatus } from "../../src/consensus/member.ts";
import { FakeBackend } from "../../src/docker-api/fakes.test-kit.ts";
import { defined } from "../../src/lib/assert.ts";
import { type Cluster, newMeta, type Service } from "../../src/model/objects.ts";
import type { Task } from "../../src/model/task.ts";
import { toTimestamp } from "../../src/model/time.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { sampleNode, sampleService, sampleTask } from "../../src/sim/samples.ts";
import type { Proposal } from "../../src/store/proposer.ts";
import { Store } from "../../src/store/store.ts";
import type { ReadTx, StoreEvent } from "../../src/store/tx.ts";
import { ClusterSchema } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ReplicatedServiceSchema } from "../../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState } from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";

export interface SwarmSize {
  readonly nodes: number;
  readonly services: number;
  readonly tasks: number;
}

/** What a task goes through, as its agent tells it; then it is stopped, and another one takes its place. */
const life = [TaskState.ASSIGNED, TaskState.PREPARING, TaskState.STARTING, TaskState.RUNNING] as const;
/** Objects written at a time while the swarm is made. */
const batch = 500;

/** A manager's state in memory and agents that do nothing but tell of their tasks: what an API can be put in front of. */
export class SimulatedSwarm extends FakeBackend {
  readonly #store = newStore();
  readonly #size: SwarmSize;
  readonly #services: readonly Service[];
  /** The task of each place, and the one before it, which is kept as a swarm keeps history. */
  readonly #places: { id: string; before: string | undefined }[] = [];
  #made = 0;
  override readonly quorum: readonly MemberStatus[] = [
    { raftId: 1n, nodeId: nodeId(0), address: "10.0.0.1:2377", isLeader: true, isReachable: true, isVoter: true },
  ];

  constructor(size: SwarmSize) {
    super();
    this.#size = size;
    const value = create(ReplicatedServiceSchema, { replicas: BigInt(Math.ceil(size.tasks / size.services)) });
    this.#services = Array.from({ length: size.services }, (_, n) => {
      const service = sampleService(`service${n}`, `shop_part${n}`);
      return { ...service, spec: { ...service.spec, mode: { case: "replicated", value } } };
    });
  }

  override view<T>(callback: (tx: ReadTx) => T): T {
    return this.#store.view(callback);
  }

  override changes(signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    return this.#store.watch({ signal });
  }

  /** Makes the nodes, the services and their tasks, which all run. */
  async fill(): Promise<void> {
    const rootCa = { joinTokens: { manager: "a token", worker: "another" } };
    const cluster = create(ClusterSchema, { id: "cluster", spec: { annotations: { name: "default" } }, rootCa });
    await this.#store.update(tx => tx.cluster.create({ ...cluster, meta: newMeta() } as Cluster));
    await this.#store.update(tx => {
      for (let n = 0; n < this.#size.nodes; n++) tx.node.create(sampleNode(nodeId(n), `node-${n}`));
      for (const service of this.#services) tx.service.create(service);
    });
    for (let from = 0; from < this.#size.tasks; from += batch)
      await this.#store.update(tx => {
        for (let place = from; place < Math.min(from + batch, this.#size.tasks); place++) {
          const task = this.#taskIn(place, TaskState.RUNNING);
          tx.task.create(task);
          this.#places.push({ id: task.id, before: undefined });
        }
      });
  }

  /** `count` changes, each of another place: its task comes a step further, or is replaced. */
  async change(count: number, random: () => number): Promise<void> {
    await this.#store.update(tx => {
      for (let changes = 0; changes < count; ) {
        const at = Math.floor(random() * this.#places.length);
        const place = defined(this.#places[at], "a place");
        const task = defined(tx.task.get(place.id), place.id);
        const next = life[life.indexOf(task.status.state as (typeof life)[number]) + 1];
        changes += 1;
        if (next !== undefined) {
          tx.task.update(withState(task, next));
          continue;
        }
        tx.task.update({ ...withState(task, TaskState.SHUTDOWN), desiredState: TaskState.SHUTDOWN });
        const successor = this.#taskIn(at, TaskState.ASSIGNED);
        tx.task.create(successor);
        if (place.before !== undefined) tx.task.remove(place.before);
        this.#places[at] = { id: successor.id, before: place.id };
        changes += 2;
      }
    });
  }

  /**
   * As if this manager had been far behind: a snapshot takes the place of what happened, in which there are the first `count` tasks
   * alone. Nothing can be changed afterwards.
   */
  skipTo(count: number): void {
    const snapshot = this.#store.snapshot();
    this.#store.restore({ ...snapshot, tasks: snapshot.tasks.slice(0, count) }, this.#store.version + 1n);
  }

  #taskIn(place: number, state: TaskState): Task {
    const service = defined(this.#services[place % this.#services.length], "a service");
    const slot = BigInt(Math.floor(place / this.#services.length) + 1);
    const id = `task${String(this.#made++).padStart(21, "0")}`;
    const task = sampleTask(id, service, { slot, nodeId: nodeId(place % this.#size.nodes) });
    return withState(task, state);
  }
}

const nodeId = (n: number): string => `node${String(n).padStart(21, "0")}`;

function withState(task: Task, state: TaskState): Task {
  return { ...task, status: { ...task.status, state, timestamp: toTimestamp(systemClock.now()) } };
}

/** Commits at once. */
function newStore(): Store {
  const store = new Store({ clock: systemClock });
  store.attach({
    nextIndex: () => store.version + 1n,
    async propose(proposals: readonly Proposal[]) {
      for (const { request } of proposals) store.apply(store.version + 1n, request);
    },
  });
  return store;
}
