import type { Namespace } from "../../compose/stack/namespace.ts";
import { type Api, filters } from "../api.ts";
import { CliError } from "../failure.ts";
import { print, warn } from "../output.ts";
import type { ServiceView, TaskView } from "../types.ts";

/** How often it is looked whether the tasks are gone, in milliseconds. */
const pollMs = 200;
const over = new Set(["complete", "failed", "rejected", "shutdown", "orphaned", "remove"]);

interface Part {
  readonly kind: "service" | "secret" | "config" | "network";
  readonly id: string;
  readonly name: string;
}

/** Removes all that belongs to a stack and, unless detached, waits until its tasks have ended. */
export async function removeStack(api: Api, namespace: Namespace, detach: boolean): Promise<void> {
  const parts = await partsOf(api, namespace);
  if (parts.length === 0) {
    warn(`Nothing found in stack: ${namespace.name}`);
    return;
  }
  const failures: string[] = [];
  for (const { kind, id, name } of parts) {
    print(`Removing ${kind} ${name}`);
    await api.delete(`/${kind}s/${id}`).catch(error => failures.push(`${kind} ${name}: ${messageOf(error)}`));
  }
  if (failures.length > 0)
    throw new CliError(`Cannot remove all of stack "${namespace.name}":\n${failures.join("\n")}`);
  if (!detach) await tasksEnd(api, namespace);
}

/** Services first: what they use cannot go before them. */
async function partsOf(api: Api, namespace: Namespace): Promise<Part[]> {
  const by = filters(namespace.filter);
  const services = await api.get<ServiceView[]>(`/services?${by}`);
  const secrets = await api.get<{ ID: string; Spec: { Name: string } }[]>(`/secrets?${by}`);
  const configs = await api.get<{ ID: string; Spec: { Name: string } }[]>(`/configs?${by}`);
  const networks = await api.get<{ Id: string; Name: string }[]>(`/networks?${by}`);
  return [
    ...services.map(({ ID, Spec }): Part => ({ kind: "service", id: ID, name: Spec.Name })),
    ...secrets.map(({ ID, Spec }): Part => ({ kind: "secret", id: ID, name: Spec.Name })),
    ...configs.map(({ ID, Spec }): Part => ({ kind: "config", id: ID, name: Spec.Name })),
    ...networks.map(({ Id, Name }): Part => ({ kind: "network", id: Id, name: Name })),
  ].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

const order = ["service", "secret", "config", "network"];

async function tasksEnd(api: Api, namespace: Namespace): Promise<void> {
  for (;;) {
    const tasks = await api.get<TaskView[]>(`/tasks?${filters(namespace.filter)}`);
    if (tasks.every(task => over.has(task.Status.State))) return;
    await new Promise(done => setTimeout(done, pollMs));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
