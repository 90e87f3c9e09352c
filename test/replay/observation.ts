import type { Exchange } from "./transcript.ts";

/** Kinds of objects that answers show. */
export type Kind = "cluster" | "node" | "network" | "service" | "task" | "secret" | "config";

/** Objects as an answer showed them, in Docker's JSON. */
export interface Observation {
  readonly number: number;
  readonly kind: Kind;
  readonly objects: readonly object[];
  /** Whether there were no others of that kind at that moment. */
  readonly complete: boolean;
}

const kinds: Readonly<Record<string, Kind>> = {
  swarm: "cluster",
  info: "cluster",
  nodes: "node",
  networks: "network",
  services: "service",
  tasks: "task",
  secrets: "secret",
  configs: "config",
};

/** Path without version and query. */
export function pathOf({ url }: Exchange): string {
  return (url.split("?")[0] ?? "").replace(/^\/v[\d.]+/, "");
}

/** What the answer to a GET shows of the swarm's objects. */
export function observe(exchange: Exchange): Observation | undefined {
  const path = pathOf(exchange);
  const kind = kinds[path.split("/")[1] ?? ""];
  const isObject = /^\/[a-z]+(\/[^/]+)?$/.test(path) && path !== "/swarm/unlockkey";
  if (!kind || !isObject || exchange.method !== "GET" || exchange.status !== 200 || !exchange.answer) return undefined;
  const answer: unknown = JSON.parse(exchange.answer);
  const complete = path === `/${path.split("/")[1]}` && !exchange.url.includes("filters=");
  return { number: exchange.number, kind, objects: objectsIn(answer, path).filter(isOfSwarm), complete };
}

function objectsIn(answer: unknown, path: string): object[] {
  if (Array.isArray(answer)) return answer.filter((entry): entry is object => typeof entry === "object");
  if (typeof answer !== "object" || answer === null) return [];
  if (path !== "/info") return [answer];
  const swarm: unknown = Reflect.get(answer, "Swarm");
  const cluster: unknown = typeof swarm === "object" && swarm !== null ? Reflect.get(swarm, "Cluster") : undefined;
  return typeof cluster === "object" && cluster !== null ? [cluster] : [];
}

/** The object that a POST made: what was asked for, with the id it got. */
export function madeBy(exchange: Exchange): { readonly kind: Kind; readonly object: object } | undefined {
  const [, collection = "", verb] = pathOf(exchange).split("/");
  const kind = kinds[collection];
  if (verb !== "create" || exchange.status !== 201 || !kind || !exchange.body || !exchange.answer) return undefined;
  const answer: unknown = JSON.parse(exchange.answer);
  const body: unknown = JSON.parse(exchange.body);
  if (typeof answer !== "object" || answer === null || typeof body !== "object") return undefined;
  const times = { CreatedAt: beginning, UpdatedAt: beginning, Created: beginning };
  return kind === "network"
    ? { kind, object: { ...networkDefaults, ...body, ...times, Id: idOf(answer) } }
    : { kind, object: { ...times, ID: idOf(answer), Spec: body } };
}

const beginning = "2026-11-21T11:47:30Z";
const networkDefaults = { EnableIPv6: false };

/** Networks of the engine's own are in the same lists. */
function isOfSwarm(object: object): boolean {
  return Reflect.get(object, "Scope") !== "local";
}

/** Networks of the engine's own in an answer. */
export function localNetworksIn(exchange: Exchange): object[] {
  if (pathOf(exchange).split("/")[1] !== "networks" || exchange.status !== 200 || !exchange.answer) return [];
  return objectsIn(JSON.parse(exchange.answer), "/networks").filter(object => !isOfSwarm(object));
}

export function idOf(object: object): string {
  return String(Reflect.get(object, "ID") ?? Reflect.get(object, "Id") ?? "");
}

export function nameOf(object: object): string {
  const spec: unknown = Reflect.get(object, "Spec");
  const name: unknown = Reflect.get(typeof spec === "object" && spec !== null ? spec : object, "Name");
  return typeof name === "string" ? name : "";
}

/** The object that a DELETE took away, or that a 404 says was not there. */
export function goneAt(exchange: Exchange): { readonly kind: Kind; readonly reference: string } | undefined {
  const [, collection = "", reference = ""] = pathOf(exchange).split("/");
  const kind = kinds[collection];
  const isGone = exchange.status === 404 || (exchange.method === "DELETE" && exchange.status < 300);
  return isGone && kind && reference !== "" ? { kind, reference: decodeURIComponent(reference) } : undefined;
}
