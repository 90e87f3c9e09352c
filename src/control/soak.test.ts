import { describe, expect, it } from "vitest";
import { isWanted } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { SimRandom } from "../sim/random.ts";
import { WantedBound } from "../sim/wanted-bound.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  UpdateConfig_FailureAction as FailureAction,
  NodeStatus_State as NodeState,
  PortConfig_PublishMode as PublishMode,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { leftovers, violations } from "./invariants.test-kit.ts";
import { aNode, aService, type ServiceInit } from "./objects.test-kit.ts";
import { modeOf } from "./service-mode.ts";
import { World } from "./world.test-kit.ts";

const retention = 3;
const operations = 60;
const maxReplicas = 6;

/** Random changes to a swarm, from a seed. */
class Storm {
  readonly #world: World;
  readonly #random: SimRandom;
  readonly #nodes = ["n1", "n2", "n3", "n4"];
  readonly #services: string[] = [];
  #made = 0;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new SimRandom(seed * 7919);
  }

  async step(): Promise<void> {
    const world = this.#world;
    const node = this.#pick(this.#nodes);
    const service = this.#services.length > 0 ? this.#pick(this.#services) : undefined;
    const replicated = service !== undefined && modeOf(world.service(service)).kind === "replicated";
    switch (this.#below(12)) {
      case 0:
      case 1:
        return this.#create();
      case 2:
        return replicated
          ? world.scale(service, this.#below(world.service(service).spec.endpoint ? 3 : maxReplicas + 1))
          : this.#create();
      case 3:
      case 4:
        return service ? world.setImage(service, this.#pick(["good:1", "good:2", "bad:1", "worse:1"])) : undefined;
      case 5:
        return service && this.#services.length > 3 ? this.#remove(service) : undefined;
      case 6:
        return world.setNodeState(node, this.#pick([NodeState.DOWN, NodeState.READY]));
      case 7:
        return world.setAvailability(node, this.#pick([Availability.ACTIVE, Availability.PAUSE, Availability.DRAIN]));
      case 8:
        return this.#label(node, this.#pick(["a", "b"]));
      case 9:
        return world.newLeader();
      case 10:
        return this.#replaceNode(node);
      default:
        return world.clock.advance(this.#below(8_000));
    }
  }

  /** Nothing is broken any more, and every service is given a spec that can be fulfilled. */
  async calm(): Promise<void> {
    const world = this.#world;
    for (const node of this.#nodes) {
      await world.setNodeState(node, NodeState.READY);
      await world.setAvailability(node, Availability.ACTIVE);
    }
    for (const service of this.#services) await world.setImage(service, "good:3");
    for (const [i, node] of this.#nodes.entries()) await this.#label(node, i % 2 === 0 ? "a" : "b");
  }

  get services(): readonly string[] {
    return this.#services;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  async #create(): Promise<void> {
    if (this.#services.length >= 6) return;
    const id = `s${this.#made++}`;
    this.#services.push(id);
    await this.#world.create(aService(id, this.#anySpec()));
  }

  #anySpec(): ServiceInit {
    const hasPort = this.#below(4) === 0;
    const config = {
      parallelism: BigInt(this.#below(3)),
      delay: toDuration(this.#below(3) * 500),
      monitor: toDuration(1_000),
      failureAction: this.#pick([FailureAction.PAUSE, FailureAction.CONTINUE, FailureAction.ROLLBACK]),
      // Two tasks with one port cannot be on a node at the same time.
      order: hasPort ? UpdateOrder.STOP_FIRST : this.#pick([UpdateOrder.STOP_FIRST, UpdateOrder.START_FIRST]),
    };
    return {
      replicas: this.#below(4) === 0 ? undefined : this.#below(hasPort ? 3 : maxReplicas + 1),
      update: config,
      rollback: { ...config, failureAction: FailureAction.PAUSE },
      ...(hasPort && {
        ports: [{ targetPort: 80, publishedPort: 8000 + this.#made, publishMode: PublishMode.HOST }],
      }),
      task: {
        runtime: { case: "container", value: { image: "good:1" } },
        resources: { reservations: { nanoCpus: BigInt(this.#below(3)) * 100_000_000n } },
        restart: { condition: Condition.ANY, delay: toDuration(this.#below(3) * 1_000) },
        placement: {
          constraints: !hasPort && this.#below(3) === 0 ? ["node.labels.group==a"] : [],
          preferences: [{ Preference: { case: "spread", value: { spreadDescriptor: "node.labels.group" } } }],
        },
      },
    };
  }

  async #remove(service: string): Promise<void> {
    this.#services.splice(this.#services.indexOf(service), 1);
    await this.#world.remove(service);
  }

  #label(node: string, group: string): Promise<void> {
    return this.#world.changeNode(node, found => ({
      ...found,
      spec: { ...found.spec, annotations: { ...found.spec.annotations, labels: { group } } },
    }));
  }

  async #replaceNode(node: string): Promise<void> {
    const next = `${node}x`;
    this.#nodes.splice(this.#nodes.indexOf(node), 1, next);
    await this.#world.store.update(tx => {
      tx.node.remove(node);
      tx.node.create(aNode(next, { labels: { group: "a" } }));
    });
  }
}

async function ride(seed: number): Promise<void> {
  const nodes = Object.fromEntries(["n1", "n2", "n3", "n4"].map(id => [id, { labels: { group: "a" } }]));
  const world = await World.make(nodes, { seed, history: retention, encode: seed % 2 === 0 });
  const broken: string[] = [];
  const bound = new WantedBound(problem => broken.push(problem));
  world.store.onCommit(events => {
    broken.push(...world.store.view(tx => violations(tx, events)));
    for (const event of events) bound.see(event);
  });
  world.agents.stopMs = (seed % 3) * 400;
  world.agents.behaviourOf = task => {
    const image = world.image(task);
    if (image.startsWith("worse")) return { kind: "cannot start" };
    return image.startsWith("bad") ? { kind: "ends", afterMs: 300, state: TaskState.FAILED } : { kind: "runs" };
  };
  const storm = new Storm(world, seed);
  for (let i = 0; i < operations; i++) {
    await storm.step();
    if (i % 3 === 0) await world.clock.advance(seed % 5 === 0 ? 2_000 : 100);
  }
  await storm.calm();
  await world.until(() => storm.services.every(id => isAsWanted(world, id)), `as wanted (seed ${seed})`, 300_000);
  await world.clock.advance(61_000);
  const version = world.store.version;
  await world.clock.advance(61_000);
  expect({ seed, broken }).toEqual({ seed, broken: [] });
  expect({ seed, left: world.store.view(tx => leftovers(tx, retention)) }).toEqual({ seed, left: [] });
  expect({ seed, picture: world.store.version === version ? "" : world.picture() }).toEqual({ seed, picture: "" });
  await world.end();
}

function isAsWanted(world: World, id: string): boolean {
  const service = world.service(id);
  const mode = modeOf(service);
  const nodes = world.store.view(tx => [...tx.node.all()]);
  const wantsGroup = (service.spec.task.placement?.constraints.length ?? 0) > 0;
  const suiting = nodes.filter(node => !wantsGroup || node.spec.annotations.labels.group === "a").length;
  const count = mode.kind === "replicated" ? mode.replicas : suiting;
  const running = world.running(id);
  const state = service.updateStatus?.state ?? UpdateState.COMPLETED;
  return (
    state === UpdateState.COMPLETED &&
    running.length === count &&
    world.tasks(id).filter(isWanted).length === count &&
    running.every(task => world.image(task) === "good:3")
  );
}

describe("a storm of changes and failures", () => {
  it.each(Array.from({ length: 24 }, (_, i) => i + 1))("ends as wanted (seed %d)", async seed => {
    await ride(seed);
  });
});
