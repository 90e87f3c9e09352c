import type { Node, Service, ServiceSpec } from "./model/objects.ts";

/** Why a node cannot show the swarm: it is in none, only works for it, is locked, or is not ready yet. */
export type Obstacle = "outside" | "worker" | "locked" | "starting";

/** What the API answered instead of doing it. */
export class Refusal extends Error {
  readonly status: number;
  /** What keeps the node from answering anything, if that is why. */
  readonly obstacle: Obstacle | undefined;

  constructor(status: number, message: string, obstacle?: Obstacle) {
    super(message);
    this.status = status;
    this.obstacle = obstacle;
  }
}

/** Who has logged in, what their token allows, and until when (milliseconds since 1970). */
export interface Visitor {
  readonly name: string;
  readonly role: "reader" | "operator";
  readonly expiresMs: number;
}

/** Whoever has logged in. A Refusal with 401 for nobody, with 503 and an obstacle by a node that shows no swarm. */
export async function whoAmI(): Promise<Visitor> {
  return (await (await checked(await fetch("/session"))).json()) as Visitor;
}

/** Begins a session. A Refusal with 401 when the token is not valid, with 429 when too many were tried from here. */
export async function logIn(token: string): Promise<Visitor> {
  return (await (await send("/session", "POST", token)).json()) as Visitor;
}

/** Ends the session. */
export async function logOut(): Promise<void> {
  await send("/session", "DELETE");
}

/** Changes a service by what `change` makes of its spec as it is now. */
export async function updateService(
  id: string,
  change: (spec: ServiceSpec) => ServiceSpec,
  rollback = false,
): Promise<void> {
  const service = await get<Service>(`/services/${id}`);
  const query = `version=${service.Version.Index ?? 0}${rollback ? "&rollback=previous" : ""}`;
  await send(`/api/services/${id}/update?${query}`, "POST", JSON.stringify(change(service.Spec)));
}

/** Changes a node by what `change` makes of its spec as it is now. */
export async function updateNode(id: string, change: (spec: Node["Spec"]) => Node["Spec"]): Promise<void> {
  const node = await get<Node>(`/nodes/${id}`);
  const body = JSON.stringify(change(node.Spec));
  await send(`/api/nodes/${id}/update?version=${node.Version.Index ?? 0}`, "POST", body);
}

/** One part of a stack, and what is to be done with it. */
export interface Step {
  readonly kind: "network" | "secret" | "config" | "service";
  readonly name: string;
  readonly action: "create" | "update" | "remove" | "keep";
  readonly says: readonly string[];
  readonly call?: { readonly method: string; readonly path: string; readonly body?: object };
}

/** What brings a stack to what its file says: steps in their order, and what the file says that a swarm does not do. */
export interface Plan {
  readonly Name: string;
  readonly Notices: readonly { readonly Line: number; readonly Text: string }[];
  readonly Steps: readonly Step[];
}

/** A Compose file to be deployed under a name; `Variables` are the lines of an env file. */
export interface StackRequest {
  readonly Name: string;
  readonly Compose: string;
  readonly Variables: string;
  readonly Prune: boolean;
}

/** What deploying a Compose file would do; nothing is done. */
export async function planStack(request: StackRequest): Promise<Plan> {
  return (await (await send("/api/shoal/stacks/plan", "POST", JSON.stringify(request))).json()) as Plan;
}

/**
 * Does one step of a plan. `ids` has what earlier steps have made, by the words that stand for it in later ones ("after:KIND:NAME"),
 * and is added to.
 */
export async function takeStep({ kind, name, call }: Step, ids: Map<string, string>): Promise<void> {
  if (!call) return;
  const body = call.body && JSON.stringify(call.body, (_key, value) => ids.get(value) ?? value);
  const text = await (await send(`/api${call.path}`, call.method, body)).text();
  if (!call.path.endsWith("/create")) return;
  const { ID, Id = ID } = JSON.parse(text) as { readonly ID?: string; readonly Id?: string };
  if (Id) ids.set(`after:${kind}:${name}`, Id);
}

type Removable = "services" | "networks" | "secrets" | "configs" | "nodes";

/** Removes an object of the swarm's. */
export async function removeObject(kind: Removable, id: string): Promise<void> {
  await send(`/api/${kind}/${id}`, "DELETE");
}

/** The API's answer to a GET, parsed. */
export async function get<T>(path: string): Promise<T> {
  return (await (await checked(await fetch(`/api${path}`))).json()) as T;
}

/** The API's answer to a GET as it comes, until `signal` aborts. */
export async function stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const { body } = await checked(await fetch(`/api${path}`, { signal }));
  if (!body) throw new Refusal(0, "there is no answer");
  return body;
}

async function send(path: string, method: string, body?: string): Promise<Response> {
  const headers = { "X-Shoal-Dashboard": "1", ...(body !== undefined && { "Content-Type": "application/json" }) };
  return checked(await fetch(path, { method, headers, ...(body !== undefined && { body }) }));
}

async function checked(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const { message = answer.statusText, obstacle } = refusalIn(await answer.text());
  throw new Refusal(answer.status, message, obstacle);
}

function refusalIn(text: string): { readonly message?: string; readonly obstacle?: Obstacle } {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
