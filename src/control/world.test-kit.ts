import type { Node, Service } from "../model/objects.ts";
import { isLive, isWanted, type Task } from "../model/task.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { NodeStatus_State, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { FakeAgents } from "./fake-agents.test-kit.ts";
import { FakeQuorum } from "./fake-quorum.test-kit.ts";
import { aCluster, aNode, type NodeInit } from "./objects.test-kit.ts";
import type { Running } from "./runner.ts";
import { startControl } from "./start.ts";

const stepMs = 50;

export interface WorldOptions {
  readonly seed?: number;
  /** Tasks kept in each slot. */
  readonly history?: number;
  /** Every entry of the log goes through its bytes, as on a follower. */
  readonly encode?: boolean;
}

/** A whole swarm of loops, a store and nodes that run what they are assigned, on virtual time. */
export class World {
  readonly clock = new SimClock();
  readonly store: SimStore;
  readonly random: SimRandom;
  readonly agents: FakeAgents;
  readonly quorum = new FakeQuorum();
  #control: Running;

  private constructor({ seed = 1, encode = false }: WorldOptions) {
    this.store = newSimStore({ clock: this.clock, encode });
    this.agents = new FakeAgents(this.store, this.clock);
    this.random = new SimRandom(seed);
    this.#control = this.#start();
  }

  static async make(nodes: Readonly<Record<string, NodeInit>>, options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    await world.store.update(tx => {
      tx.cluster.create(aCluster(options.history));
      for (const [id, init] of Object.entries(nodes)) tx.node.create(aNode(id, init));
    });
    return world;
  }

  async end(): Promise<void> {
    this.agents.stop();
    await this.#control.stop();
  }

  /** The leader dies and another one takes over. */
  async newLeader(): Promise<void> {
    await this.#control.stop();
    this.#control = this.#start();
  }

  async create(service: Service): Promise<void> {
    await this.store.update(tx => tx.service.create(service));
  }

  /** As the control API does it: the present spec becomes the previous one, and the update's status is cleared. */
  async update(id: string, change: (spec: Service["spec"]) => Service["spec"]): Promise<void> {
    await this.store.update(tx => {
      const { updateStatus: _, ...service } = tx.service.get(id)!;
      tx.service.update({
        ...service,
        spec: change(service.spec),
        specVersion: service.meta.version!,
        previousSpec: service.spec,
        ...(service.specVersion && { previousSpecVersion: service.specVersion }),
      });
    });
  }

  async scale(id: string, replicas: number): Promise<void> {
    await this.update(id, spec => ({
      ...spec,
      mode: {
        case: "replicated",
        value: { $typeName: "docker.swarmkit.v1.ReplicatedService", replicas: BigInt(replicas) },
      },
    }));
  }

  /** A new image, and whatever else is to change with it. */
  async setImage(id: string, image: string, change: Partial<Service["spec"]> = {}): Promise<void> {
    await this.update(id, spec => {
      const { runtime } = spec.task;
      if (runtime.case !== "container") throw new Error("not a container");
      const task = { ...spec.task, runtime: { case: runtime.case, value: { ...runtime.value, image } } };
      return { ...spec, ...change, task };
    });
  }

  async remove(id: string): Promise<void> {
    await this.store.update(tx => tx.service.remove(id));
  }

  async changeNode(id: string, change: (node: Node) => Node): Promise<void> {
    await this.store.update(tx => tx.node.update(change(tx.node.get(id)!)));
  }

  async setNodeState(id: string, state: NodeStatus_State): Promise<void> {
    await this.changeNode(id, node => ({ ...node, status: { ...node.status, state } }));
  }

  async setAvailability(id: string, availability: Node["spec"]["availability"]): Promise<void> {
    await this.changeNode(id, node => ({ ...node, spec: { ...node.spec, availability } }));
  }

  /** Lets time pass until `condition` holds; fails with what is there when it does not within `limitMs`. */
  async until(condition: () => boolean, what: string, limitMs = 60_000): Promise<number> {
    const start = this.clock.monotonic();
    for (;;) {
      await settle();
      if (condition()) return this.clock.monotonic() - start;
      if (this.clock.monotonic() - start >= limitMs)
        throw new Error(`not ${what} in ${limitMs} ms:\n${this.picture()}`);
      await this.clock.advance(stepMs);
    }
  }

  service(id: string): Service {
    return this.store.view(tx => tx.service.get(id)!);
  }

  tasks(serviceId: string): Task[] {
    const tasks = this.store.view(tx => [...tx.task.byService(serviceId)]);
    return tasks.sort(
      (a, b) => Number(a.slot - b.slot) || Number(a.meta.createdAt!.seconds - b.meta.createdAt!.seconds),
    );
  }

  running(serviceId: string): Task[] {
    return this.tasks(serviceId).filter(task => isWanted(task) && task.status.state === TaskState.RUNNING);
  }

  live(serviceId: string): Task[] {
    return this.tasks(serviceId).filter(isLive);
  }

  image(task: Task): string {
    return task.spec.runtime.case === "container" ? task.spec.runtime.value.image : "";
  }

  /** How many running tasks of the service each node has, the fullest first. */
  balance(serviceId: string): number[] {
    const counts = new Map<string, number>();
    for (const task of this.running(serviceId)) counts.set(task.nodeId, (counts.get(task.nodeId) ?? 0) + 1);
    return [...counts.values()].sort((a, b) => b - a);
  }

  /** What `docker service ps` would show, for messages. */
  picture(): string {
    return this.store.view(tx => {
      const nodes = [...tx.node.all()].map(node => `${node.id} ${NodeStatus_State[node.status.state]}`);
      const services = [...tx.service.all()].map(
        service => `${service.id}: update ${service.updateStatus?.state ?? "-"} ${service.updateStatus?.message ?? ""}`,
      );
      const tasks = [...tx.task.all()].map(
        task =>
          `${task.serviceId}.${task.slot} ${task.id.slice(0, 5)} on ${task.nodeId} ${this.image(task)} ` +
          `${TaskState[task.status.state]} wanted ${TaskState[task.desiredState]} ${task.status.err}`,
      );
      return [...nodes, ...services, ...tasks.sort()].join("\n");
    });
  }

  #start(): Running {
    const { store, clock, random, quorum } = this;
    return startControl({ store, clock, random, quorum, log: silentLogger });
  }
}
