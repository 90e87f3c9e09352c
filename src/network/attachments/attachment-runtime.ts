import { Bell, onAbort } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import { Mutex } from "../../lib/mutex.ts";
import type { Task } from "../../model/task.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Instance } from "../../ports/runtime.ts";
import type { UserContainers } from "../../ports/user-containers.ts";
import { engineNetworkPrefix } from "../names.ts";
import { type Place, placesOf, placingOf } from "./place.ts";

/** What an engine says is looked at together with what it says this soon after, in milliseconds. */
const lookDelayMs = 100;

export interface AttachmentRuntimeOptions {
  readonly nodeId: string;
  readonly containers: UserContainers;
  /** The places that there are, whenever they were looked at. */
  readonly onPlaces?: (places: readonly Place[]) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An attachment that this node knows of. */
interface Attachment {
  readonly containerId: string;
  readonly state: Instance["state"];
  /** Why the container has not got the place. */
  readonly fault?: Fault;
}

/**
 * Runs attachments as a runtime runs tasks: one is started when its container has got the place on the network, runs for as
 * long as the container does, and has ended after it. The engine keeps what is needed to know them again after a restart.
 */
export class AttachmentRuntime {
  readonly #options: AttachmentRuntimeOptions;
  readonly #known = new Map<string, Attachment>();
  /** Attachments that managers know no more, or that had ended: containers that have their places need others. */
  readonly #dropped = new Set<string>();
  /** Containers that are about to be started, and by how many: they count as if they ran. */
  readonly #held = new Map<string, number>();
  readonly #bells = new Set<Bell>();
  readonly #mutex = new Mutex();
  readonly #closing = new AbortController();
  #places: readonly Place[] = [];
  #following: Promise<void> | undefined;

  constructor(options: AttachmentRuntimeOptions) {
    this.#options = options;
  }

  /** Places of running containers that no manager has given, or knows of any more. */
  get lost(): readonly Place[] {
    return this.#places.filter(({ taskId, container }) => container.isUp && this.#isLost(taskId));
  }

  knows(taskId: string): boolean {
    return this.#known.has(taskId);
  }

  async list(): Promise<Instance[]> {
    this.#following ??= this.#follow(this.#closing.signal);
    await this.look();
    return [...this.#known].map(([taskId, known]) => instanceOf(taskId, known));
  }

  inspect(taskId: string): Instance | undefined {
    const known = this.#known.get(taskId);
    return known && instanceOf(taskId, known);
  }

  prepare(task: Task): Instance {
    const there = this.#known.get(task.id);
    return instanceOf(task.id, there ?? this.#note(task.id, { containerId: containerIdOf(task), state: "created" }));
  }

  /** Gives the container its place. Fault aborted when there is none, or it neither runs nor is about to. */
  async start(task: Task): Promise<Instance> {
    try {
      return await this.#mutex.run(() => this.#connect(task));
    } catch (error) {
      const fault = asFault(error);
      if (fault.code !== "unavailable") this.fail(task, fault);
      throw fault;
    }
  }

  /** The container will not get the place. */
  fail(task: Task, fault: Fault): void {
    this.#note(task.id, { containerId: containerIdOf(task), state: "exited", fault });
  }

  async changed(taskId: string, seen: Instance, signal: AbortSignal): Promise<Instance | undefined> {
    await this.#until(() => this.inspect(taskId)?.state !== seen.state, signal);
    return this.inspect(taskId);
  }

  /** Takes the place away from the container. */
  async stop({ id }: Pick<Task, "id">): Promise<void> {
    const place = this.#places.find(({ taskId }) => taskId === id);
    if (place) await this.#options.containers.disconnect(place.container.id, place.engineNetwork);
    await this.look();
  }

  /** Forgets the attachment. A container that has its place, and still runs, is found among the lost. */
  remove(taskId: string): void {
    this.#known.delete(taskId);
    this.#dropped.add(taskId);
    this.#ring();
  }

  /** Resolves when the container has got the place; rejects with why it will not. */
  async started(taskId: string, signal: AbortSignal): Promise<void> {
    const isDecided = (): boolean => (this.#known.get(taskId)?.state ?? "created") !== "created";
    await this.#until(isDecided, signal);
    const fault = this.#known.get(taskId)?.fault;
    if (fault) throw fault;
    if (!isDecided()) throw new Fault("deadline_exceeded", "context deadline exceeded");
  }

  /** Counts the container as running until what is returned is called: for whoever is about to start it. */
  hold(containerId: string): () => void {
    this.#held.set(containerId, (this.#held.get(containerId) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#held.get(containerId) ?? 1) - 1;
      if (left > 0) this.#held.set(containerId, left);
      else this.#held.delete(containerId);
      void this.look().catch(error => this.#complain(error));
    };
  }

  /** Rings `bell` whenever something here has changed. Returns what ends that. */
  subscribe(bell: Bell): () => void {
    this.#bells.add(bell);
    return () => this.#bells.delete(bell);
  }

  /** Looks at what the engine's containers are now. */
  look(): Promise<void> {
    return this.#mutex.run(async () => {
      const { nodeId, containers, onPlaces } = this.#options;
      this.#places = placesOf(await containers.on(engineNetworkPrefix(nodeId)), nodeId);
      this.#takeIn();
      onPlaces?.(this.#places);
      this.#ring();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#ring();
    await this.#following;
  }

  /** Takes all containers off the node's networks, which are about to go. */
  async dismantle(): Promise<void> {
    const { containers } = this.#options;
    await this.look();
    for (const { container, engineNetwork } of this.#places)
      if (container.isUp) await containers.disconnect(container.id, engineNetwork);
  }

  async #connect(task: Task): Promise<Instance> {
    const { nodeId, containers } = this.#options;
    const containerId = containerIdOf(task);
    const container = await containers.find(containerId);
    if (!container) throw new Fault("aborted", `No such container: ${containerId}`);
    if (!container.isUp && !this.#held.has(container.id))
      throw new Fault("aborted", `container ${containerId} is not running`);
    const placing = placingOf(task, container, nodeId);
    if (!placing) throw new Fault("aborted", "it was given no address");
    if (!placing.isDone) {
      for (const network of placing.replaced) await containers.disconnect(container.id, network);
      await containers.connect(container.id, placing.network, placing.endpoint);
    }
    return instanceOf(task.id, this.#note(task.id, { containerId: container.id, state: "running" }));
  }

  /** What follows from the places for the attachments. */
  #takeIn(): void {
    const places = new Map(this.#places.map(place => [place.taskId, place]));
    for (const [taskId, { container }] of places) {
      const isUp = container.isUp || this.#held.has(container.id);
      const known = this.#known.get(taskId);
      if (taskId === "" || this.#dropped.has(taskId) || known?.state === "exited") continue;
      if (!known || !isUp) this.#known.set(taskId, { containerId: container.id, state: isUp ? "running" : "exited" });
    }
    for (const [taskId, known] of this.#known)
      if (known.state === "running" && !places.has(taskId)) this.#known.set(taskId, { ...known, state: "exited" });
    for (const taskId of this.#dropped) if (!places.has(taskId)) this.#dropped.delete(taskId);
  }

  #isLost(taskId: string): boolean {
    return taskId === "" || this.#dropped.has(taskId) || this.#known.get(taskId)?.state === "exited";
  }

  #note(taskId: string, attachment: Attachment): Attachment {
    this.#known.set(taskId, attachment);
    this.#ring();
    return attachment;
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    const bell = new Bell();
    const release = this.subscribe(bell);
    const unhook = onAbort(signal, () => bell.ring());
    try {
      while (!condition() && !signal.aborted && !this.#closing.signal.aborted) await bell.wait();
    } finally {
      unhook();
      release();
    }
  }

  #ring(): void {
    for (const bell of this.#bells) bell.ring();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { containers, clock } = this.#options;
    for await (const _ of containers.changes(signal)) {
      await sleep(clock, lookDelayMs, signal);
      if (!signal.aborted) await this.look().catch(error => this.#complain(error));
    }
  }

  /** While the engine is away its containers count as they were. */
  #complain(error: unknown): void {
    this.#options.log.debug("cannot look at the engine's containers", { reason: asFault(error).message });
  }
}

function containerIdOf({ spec }: Task): string {
  return spec.runtime.case === "attachment" ? spec.runtime.value.containerId : "";
}

function instanceOf(taskId: string, { containerId, state }: Attachment): Instance {
  return { taskId, containerId, state, health: "none", pid: 0, exitCode: 0, error: "", ports: [] };
}
