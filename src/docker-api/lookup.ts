import { Fault } from "../lib/fault.ts";
import type { Client } from "../ports/transport.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Config, Network, Node, Secret, Service, Task } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";

type ControlClient = Client<typeof Control>;

interface Steps<T> {
  readonly byId: () => Promise<T | undefined>;
  readonly byName: () => Promise<T[]>;
  readonly byIdPrefix: () => Promise<T[]>;
}

/**
 * Docker's way from what a user typed to an object: full id, else full name, else id prefix; more than one match is an
 * error. Names of nodes are their hostnames. 404 `service x not found`, 400 `node x is ambiguous (2 matches found)`.
 */
async function find<T>(kind: string, reference: string, steps: Steps<T>): Promise<T> {
  // "" is a prefix of every id: `DELETE /services/` must not find the only service there is.
  if (reference === "") throw new Fault("not_found", `${kind} "" not found`);
  const exact = await orUndefined(steps.byId());
  if (exact) return exact;
  let found = await orUndefined(steps.byName());
  if (!found || found.length === 0) found = await steps.byIdPrefix();
  const [first, second] = found;
  if (!first) throw new Fault("not_found", `${kind} ${reference} not found`);
  if (second) {
    throw new Fault("invalid_argument", `${kind} ${reference} is ambiguous (${found.length} matches found)`);
  }
  return first;
}

/** What a manager cannot be asked at all shows again in the last step; a miss leads on to the next. */
async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Fault && error.code !== "unavailable") return undefined;
    throw error;
  }
}

export async function findService(control: ControlClient, reference: string, insertDefaults = false): Promise<Service> {
  const get = async (serviceId: string) => (await control.getService({ serviceId, insertDefaults })).service;
  const found = await find("service", reference, {
    byId: () => get(reference),
    byName: async () => (await control.listServices({ filters: { names: [reference] } })).services,
    byIdPrefix: async () => (await control.listServices({ filters: { idPrefixes: [reference] } })).services,
  });
  return insertDefaults && found.id !== reference ? ((await get(found.id)) ?? found) : found;
}

export function findNode(control: ControlClient, reference: string): Promise<Node> {
  return find("node", reference, {
    byId: async () => (await control.getNode({ nodeId: reference })).node,
    byName: async () => (await control.listNodes({ filters: { names: [reference] } })).nodes,
    byIdPrefix: async () => (await control.listNodes({ filters: { idPrefixes: [reference] } })).nodes,
  });
}

export function findTask(control: ControlClient, reference: string): Promise<Task> {
  return find("task", reference, {
    byId: async () => (await control.getTask({ taskId: reference })).task,
    byName: async () => (await control.listTasks({ filters: { names: [reference] } })).tasks,
    byIdPrefix: async () => (await control.listTasks({ filters: { idPrefixes: [reference] } })).tasks,
  });
}

export function findSecret(control: ControlClient, reference: string): Promise<Secret> {
  return find("secret", reference, {
    byId: async () => (await control.getSecret({ secretId: reference })).secret,
    byName: async () => (await control.listSecrets({ filters: { names: [reference] } })).secrets,
    byIdPrefix: async () => (await control.listSecrets({ filters: { idPrefixes: [reference] } })).secrets,
  });
}

export function findConfig(control: ControlClient, reference: string): Promise<Config> {
  return find("config", reference, {
    byId: async () => (await control.getConfig({ configId: reference })).config,
    byName: async () => (await control.listConfigs({ filters: { names: [reference] } })).configs,
    byIdPrefix: async () => (await control.listConfigs({ filters: { idPrefixes: [reference] } })).configs,
  });
}

export function findNetwork(control: ControlClient, reference: string): Promise<Network> {
  return find("network", reference, {
    byId: async () => (await control.getNetwork({ networkId: reference })).network,
    byName: async () => (await control.listNetworks({ filters: { names: [reference] } })).networks,
    byIdPrefix: async () => (await control.listNetworks({ filters: { idPrefixes: [reference] } })).networks,
  });
}
