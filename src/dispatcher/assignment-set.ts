import { create } from "@bufbuild/protobuf";
import { same } from "../lib/same.ts";
import { isTerminal, type Task } from "../model/task.ts";
import type { ReadTx } from "../store/tx.ts";
import {
  AssignmentChange_AssignmentAction as Action,
  type Assignment,
  type AssignmentChange,
  AssignmentChangeSchema,
} from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { ConfigSchema, SecretSchema, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ResourceType, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

type Item = Assignment["item"];
type DependencyKind = "secret" | "config";

interface Dependency {
  readonly kind: DependencyKind;
  readonly id: string;
}

/**
 * What one agent has been told: its tasks, and the secrets and configs that those need that have not ended. Works out
 * what it is to be told next. Dependencies come before the tasks that need them and go after.
 */
export class AssignmentSet {
  readonly #nodeId: string;
  readonly #tasks = new Map<string, Task>();
  /** The tasks that need each secret and config, by kind and id. */
  readonly #users = new Map<string, Set<string>>();

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  /** Everything, for an agent that was told nothing yet. */
  all(tx: ReadTx): AssignmentChange[] {
    return this.changes(
      tx,
      [...tx.task.byNode(this.#nodeId)].map(task => task.id),
    );
  }

  /** The news about some tasks. */
  changes(tx: ReadTx, taskIds: Iterable<string>): AssignmentChange[] {
    const looks = Array.from(taskIds, id => ({
      id,
      before: this.#tasks.get(id),
      after: this.#assigned(tx.task.get(id)),
    }));
    // All are bound before any is released: what passes from one task to another must not go.
    const first = looks.flatMap(({ id, after }) => this.#bind(tx, id, after && needs(after)));
    const then = looks.flatMap(({ id, before, after }) => this.#change(id, before, after) ?? []);
    const last = looks.flatMap(({ id, before, after }) =>
      this.#release(id, before && needs(before), after && needs(after)),
    );
    return [...first, ...then, ...last];
  }

  /** SwarmKit: a task is the agent's from ASSIGNED on, until it is deleted: it keeps what has ended, for its logs. */
  #assigned(task: Task | undefined): Task | undefined {
    return task?.nodeId === this.#nodeId && task.status.state >= TaskState.ASSIGNED ? task : undefined;
  }

  #change(id: string, before: Task | undefined, after: Task | undefined): AssignmentChange | undefined {
    if (!after) {
      if (!before) return undefined;
      this.#tasks.delete(id);
      return change(Action.REMOVE, { case: "task", value: create(TaskSchema, { id }) });
    }
    this.#tasks.set(id, after);
    if (before && same(stable(before), stable(after))) return undefined;
    return change(Action.UPDATE, { case: "task", value: after });
  }

  #bind(tx: ReadTx, taskId: string, wanted: readonly Dependency[] = []): AssignmentChange[] {
    const changes: AssignmentChange[] = [];
    for (const dependency of wanted) {
      const key = keyOf(dependency);
      const users = this.#users.get(key) ?? new Set();
      const object = users.size === 0 ? tx[dependency.kind].get(dependency.id) : undefined;
      // A task that needs what is not there says so itself when it is prepared.
      if (object) changes.push(change(Action.UPDATE, { case: dependency.kind, value: object } as Item));
      this.#users.set(key, users.add(taskId));
    }
    return changes;
  }

  #release(taskId: string, before: readonly Dependency[] = [], after: readonly Dependency[] = []): AssignmentChange[] {
    const kept = new Set(after.map(keyOf));
    const changes: AssignmentChange[] = [];
    for (const dependency of before) {
      const key = keyOf(dependency);
      const users = this.#users.get(key);
      if (kept.has(key) || !users?.delete(taskId) || users.size > 0) continue;
      this.#users.delete(key);
      changes.push(change(Action.REMOVE, bare(dependency)));
    }
    return changes;
  }
}

/** Secrets and configs that a task needs, each once; none when it has ended. */
function needs(task: Task): Dependency[] {
  if (isTerminal(task.status.state)) return [];
  const found = new Map<string, Dependency>();
  const add = (kind: DependencyKind, id: string): void => void found.set(keyOf({ kind, id }), { kind, id });
  const { runtime, resourceReferences } = task.spec;
  if (runtime.case === "container") {
    for (const { secretId } of runtime.value.secrets) add("secret", secretId);
    for (const { configId } of runtime.value.configs) add("config", configId);
  }
  for (const { resourceId, resourceType } of resourceReferences) {
    if (resourceType === ResourceType.SECRET) add("secret", resourceId);
    if (resourceType === ResourceType.CONFIG) add("config", resourceId);
  }
  return [...found.values()];
}

/** The parts of a task that an agent does not report itself. */
function stable(task: Task): object {
  return { ...task, status: undefined, meta: undefined };
}

function keyOf({ kind, id }: Dependency): string {
  return `${kind} ${id}`;
}

/** Enough to say which one is to go, and no more. */
function bare({ kind, id }: Dependency): Item {
  return kind === "secret"
    ? { case: "secret", value: create(SecretSchema, { id }) }
    : { case: "config", value: create(ConfigSchema, { id }) };
}

function change(action: Action, item: Item): AssignmentChange {
  return create(AssignmentChangeSchema, { action, assignment: { item } });
}
