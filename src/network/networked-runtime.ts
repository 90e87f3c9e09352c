import { asFault } from "../lib/fault.ts";
import { withPlaneFacts } from "../model/node-plane.ts";
import { isAttachment, type Task } from "../model/task.ts";
import { sleep } from "../ports/clock.ts";
import type { Instance, LogLine, LogOptions, MeasuredTask, Runtime, TaskDependencies } from "../ports/runtime.ts";
import type { Connection } from "../ports/transport.ts";
import type { UserContainers } from "../ports/user-containers.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { NetworkMessage } from "../wire/gen/shoal/v1/network_pb.ts";
import { AttachmentRuntime } from "./attachments/attachment-runtime.ts";
import { AttachmentDesk } from "./attachments/desk.ts";
import { astrayOf, callersOf, type Place } from "./attachments/place.ts";
import type { DataPlane } from "./data-plane.ts";
import { Departures } from "./departures.ts";
import type { ComparisonDoors } from "./doctor/comparison.ts";
import { Examiner } from "./doctor/examiner.ts";
import { listenForDoctor } from "./doctor/listener.ts";
import { drainMs, networksOf } from "./drain.ts";
import { type FeedOptions, followFeed } from "./feed.ts";
import { PortWatch } from "./port-watch.ts";

export interface NetworkedRuntimeDoors extends Omit<FeedOptions, "receive" | "unserved">, ComparisonDoors {
  readonly nodeId: string;
  readonly containers: UserContainers;
}

/**
 * A runtime whose tasks are on the swarm's networks: these are there before a task is, and know of its end before it. Containers
 * that users of this node's engine make can be, too: the tasks that stand for them are attachments.
 */
export class NetworkedRuntime implements Runtime {
  /** Where containers are put onto the swarm's networks. */
  readonly desk: AttachmentDesk;
  readonly #runtime: Runtime;
  readonly #plane: DataPlane;
  readonly #doors: NetworkedRuntimeDoors;
  readonly #attachments: AttachmentRuntime;
  readonly #departures: Departures;
  readonly #ports: PortWatch;
  readonly #examiner: Examiner;
  readonly #closing = new AbortController();

  constructor(runtime: Runtime, plane: DataPlane, doors: NetworkedRuntimeDoors) {
    this.#runtime = runtime;
    this.#plane = plane;
    this.#doors = doors;
    this.#departures = new Departures(doors);
    const { probes, clock, log } = doors;
    this.#ports = new PortWatch({ probes, clock, log, plane: () => plane.view.plane });
    this.#examiner = new Examiner({ ...doors, plane });
    const onPlaces = (places: readonly Place[]): void => plane.setCallers(callersOf(places), astrayOf(places));
    this.#attachments = new AttachmentRuntime({ ...doors, onPlaces });
    const networks = () => plane.view.plane.networks.values();
    this.desk = new AttachmentDesk({ ...doors, runtime: this.#attachments, networks });
    void this.desk.run();
  }

  get kind(): Runtime["kind"] {
    return this.#runtime.kind;
  }

  async describe(): Promise<NodeDescription> {
    return withPlaneFacts(await this.#runtime.describe(), await this.#plane.facts());
  }

  async list(): Promise<Instance[]> {
    return [...(await this.#attachments.list()), ...(await this.#runtime.list())];
  }

  async inspect(taskId: string): Promise<Instance | undefined> {
    return this.#attachments.inspect(taskId) ?? this.#runtime.inspect(taskId);
  }

  async prepare(
    task: Task,
    dependencies: TaskDependencies,
    progress: (message: string) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Instance> {
    const waiting = (reason: string): void => progress(`waiting for its networks: ${reason}`);
    try {
      const until = AbortSignal.any([signal, this.#closing.signal]);
      await this.#plane.ready(networksOf(task), waiting, until, isAttachment(task));
    } catch (error) {
      if (isAttachment(task)) this.#attachments.fail(task, asFault(error));
      throw error;
    }
    if (isAttachment(task)) return this.#attachments.prepare(task);
    return this.#runtime.prepare(task, dependencies, progress, signal);
  }

  async start(task: Task): Promise<Instance> {
    if (isAttachment(task)) return this.#attachments.start(task);
    const instance = await this.#runtime.start(task);
    if (networksOf(task).length > 0) this.#plane.containerBegan();
    return instance;
  }

  async changed(taskId: string, seen: Instance, signal: AbortSignal): Promise<Instance | undefined> {
    const runtime = this.#attachments.knows(taskId) ? this.#attachments : this.#runtime;
    const now = await runtime.changed(taskId, seen, signal);
    if (now?.state !== "running") this.#plane.containerEnded();
    return now;
  }

  /** New callers are sent elsewhere first, on every node: then those that are still there get time to finish. */
  async stop(task: Task): Promise<void> {
    if (isAttachment(task)) return this.#attachments.stop(task);
    const now = await this.#runtime.inspect(task.id);
    if (now?.state === "running" && now.health !== "unhealthy") await this.#drain(task);
    await this.#runtime.stop(task);
    this.#plane.containerEnded();
  }

  async remove(taskId: string): Promise<void> {
    if (this.#attachments.knows(taskId)) this.#attachments.remove(taskId);
    else await this.#runtime.remove(taskId);
    this.#plane.containerEnded();
  }

  logs(taskId: string, options: LogOptions): AsyncIterable<LogLine> {
    return this.#runtime.logs(taskId, options);
  }

  usage(): Promise<readonly MeasuredTask[]> {
    return this.#runtime.usage();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.desk.close();
    await this.#attachments.close();
    await this.#plane.stop();
    await this.#runtime.close();
  }

  async followNetworks(connection: Connection, sessionId: string, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#doors;
    this.desk.follow(connection, signal);
    const receive = (message: NetworkMessage): Promise<boolean> => {
      const inForce = this.#plane.receive(message);
      this.#ports.changed();
      return inForce;
    };
    const unserved = (reason: string): void => this.#plane.unserved(reason);
    this.#departures.follow(connection, sessionId);
    await Promise.all([
      followFeed(connection, sessionId, signal, { receive, unserved, clock, random, log }),
      listenForDoctor(connection, signal, { examiner: this.#examiner, ports: this.#ports, clock, random, log }),
    ]);
  }

  async dismantle(): Promise<void> {
    this.desk.close();
    await this.#attachments.dismantle();
    await this.#plane.remove();
    await this.#runtime.dismantle?.();
  }

  async #drain(task: Task): Promise<void> {
    const ms = drainMs(task);
    if (ms === 0) return;
    const { signal } = this.#closing;
    await Promise.all([this.#plane.leave(task.id, signal), this.#departures.left(task.id, signal)]);
    await sleep(this.#doors.clock, ms, this.#closing.signal);
  }
}
