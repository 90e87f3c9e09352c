import { isWanted, type Task } from "../../model/task.ts";
import { TaskState, type Version } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Tasks that are alike, by id: a node will do for all of them or for none. */
export type TaskGroup = Map<string, Task>;

/** Tasks that wait for a node, alike ones together, in the order in which they came. */
export class PendingTasks {
  /** Not looked at yet. */
  readonly #fresh = new Map<string, TaskGroup>();
  /** Found no node, and say why. */
  readonly #told = new Map<string, TaskGroup>();
  readonly #keys = new GroupKeys();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get hasFresh(): boolean {
    return this.#fresh.size > 0;
  }

  *ids(): Iterable<string> {
    for (const group of [...this.#fresh.values(), ...this.#told.values()]) yield* group.keys();
  }

  /** Alike tasks that were not looked at yet; with `all` also those that wait since an earlier look. */
  groups(all: boolean): readonly ReadonlyMap<string, ReadonlyMap<string, Task>>[] {
    return all ? [this.#fresh, this.#told] : [this.#fresh];
  }

  add(task: Task): void {
    const groups = this.#groupsFor(task);
    const key = this.#keys.of(task);
    const group = groups.get(key);
    if (group) group.set(task.id, task);
    else groups.set(key, new Map([[task.id, task]]));
    this.#size++;
  }

  /** `task` is as it was added. */
  remove(task: Task): void {
    const groups = this.#groupsFor(task);
    const key = this.#keys.of(task);
    const group = groups.get(key);
    if (!group?.delete(task.id)) return;
    this.#size--;
    if (group.size === 0) groups.delete(key);
  }

  #groupsFor(task: Task): Map<string, TaskGroup> {
    return task.status.err === "" ? this.#fresh : this.#told;
  }
}

export function isPending(task: Task): boolean {
  return task.status.state === TaskState.PENDING && isWanted(task);
}

/** Tasks come and go by service, whose version they share: the key of the last one is most often that of the next. */
class GroupKeys {
  #serviceId = "";
  #version: Version | undefined;
  #key = "";

  of({ id, serviceId, specVersion }: Task): string {
    if (serviceId === "") return id;
    if (serviceId !== this.#serviceId || specVersion !== this.#version) {
      this.#serviceId = serviceId;
      this.#version = specVersion;
      this.#key = `${serviceId}/${specVersion?.index ?? ""}`;
    }
    return this.#key;
  }
}
