import { type Task, taskName } from "../model/task.ts";
import { laidOut } from "../model/task-layout.ts";
import type { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { configsOf, distinct, secretsOf } from "./references.ts";
import { Table, type TableContext } from "./table.ts";
import type { TaskIndexes } from "./tx.ts";

/**
 * Tasks are the many: what can be found without an index has none. A task's name ends in its id (which has no
 * capitals), so the full name needs none; a prefix of a name looks at every task.
 */
export class TaskTable extends Table<"task"> implements TaskIndexes<Task> {
  readonly #service = this.index(
    task => [task.serviceId],
    (a, b) => a.serviceId === b.serviceId,
  );
  readonly #node = this.index(
    task => [task.nodeId],
    (a, b) => a.nodeId === b.nodeId,
  );
  readonly #slot = this.index(
    task => [slotKey(task.serviceId, task.slot)],
    (a, b) => a.serviceId === b.serviceId && a.slot === b.slot,
  );
  readonly #desiredState = this.index(
    task => [String(task.desiredState)],
    (a, b) => a.desiredState === b.desiredState,
  );
  readonly #network = this.index(networksOfTask, (a, b) => a.spec === b.spec && a.networks === b.networks);
  readonly #secret = this.index(task => secretsOf(task.spec), sameSpec);
  readonly #config = this.index(task => configsOf(task.spec), sameSpec);
  /** Tasks with a name of their own; Docker gives none. */
  readonly #ownName = this.index(
    task => (task.annotations.name === "" ? [] : [task.annotations.name.toLowerCase()]),
    (a, b) => a.annotations.name === b.annotations.name,
  );

  constructor(context: TableContext) {
    super(context, { kind: "task", stamp: laidOut });
  }

  override byName(name: string): Task[] {
    const wanted = name.toLowerCase();
    const own = this.under(this.#ownName, wanted);
    const made = this.get(wanted.slice(wanted.lastIndexOf(".") + 1));
    return made && made.annotations.name === "" && nameOf(made) === wanted ? [...own, made] : own;
  }

  override byNamePrefix(prefix: string): Task[] {
    const wanted = prefix.toLowerCase();
    return this.all().filter(task => nameOf(task).startsWith(wanted));
  }

  byService(serviceId: string): Task[] {
    return this.under(this.#service, serviceId);
  }

  byNode(nodeId: string): Task[] {
    return this.under(this.#node, nodeId);
  }

  bySlot(serviceId: string, slot: bigint): Task[] {
    return this.under(this.#slot, slotKey(serviceId, slot));
  }

  byDesiredState(state: TaskState): Task[] {
    return this.under(this.#desiredState, String(state));
  }

  byNetwork(id: string): Task[] {
    return this.under(this.#network, id);
  }

  bySecret(id: string): Task[] {
    return this.under(this.#secret, id);
  }

  byConfig(id: string): Task[] {
    return this.under(this.#config, id);
  }
}

function sameSpec(a: Task, b: Task): boolean {
  return a.spec === b.spec;
}

function nameOf(task: Task): string {
  return (task.annotations.name || taskName(task)).toLowerCase();
}

function slotKey(serviceId: string, slot: bigint): string {
  return `${serviceId}/${slot}`;
}

/** Networks the task asks for and networks it is attached to: the ingress network is only among the latter. */
function networksOfTask(task: Task): string[] {
  const wanted = task.spec.networks.map(network => network.target);
  const attached = task.networks.flatMap(attachment => attachment.network?.id ?? []);
  return distinct([...wanted, ...attached]);
}
