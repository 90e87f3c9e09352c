import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { Clock } from "../ports/clock.ts";
import type { Answer } from "./answer.ts";
import type { Target } from "./dispatcher.ts";
import type { RouteMatch } from "./router.ts";

/** Characters of a name, path or error that are noted. */
const longestText = 512;

/** Who called. The other end of a unix socket is not known: Node.js does not tell, and file modes decide who it can be. */
export type AuditedCaller =
  | { readonly via: "unix socket" }
  | { readonly via: "tcp"; readonly address: string }
  | { readonly via: "tls"; readonly address: string; readonly commonName: string };

/** One call that may have changed something. Nothing of its body but the name it gives, and nothing of its query. */
export interface AuditRecord {
  /** When it began, RFC 3339. */
  readonly time: string;
  readonly who: AuditedCaller;
  readonly method: string;
  /** The swarm's routes as patterns, `/services/:id/update`; what goes on to the engine as it was asked for. */
  readonly route: string;
  readonly object: {
    /** "service", "container", "swarm". */
    readonly kind: string;
    /** Id or name, as the caller says it. */
    readonly name?: string;
    /** Of what was made. */
    readonly id?: string;
  };
  /** HTTP status; 0 when the caller went away before there was one. */
  readonly status: number;
  readonly error?: string;
  /** How long it took. */
  readonly ms: number;
}

/** Notes the calls that may change something. */
export class Auditor {
  readonly #write: ((record: AuditRecord) => void) | undefined;
  readonly #clock: Clock;

  /** Without `write` nothing is noted. */
  constructor(write: ((record: AuditRecord) => void) | undefined, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** To be called for every request; undefined for those that only read. */
  begin(request: IncomingMessage, target: Target, match: RouteMatch | undefined): AuditedCall | undefined {
    const { method = "" } = request;
    if (!this.#write || method === "GET" || method === "HEAD" || method === "OPTIONS") return undefined;
    return new AuditedCall(this.#write, this.#clock, {
      time: new Date(this.#clock.now()).toISOString(),
      who: callerOf(request),
      method: cut(method),
      route: cut(match?.route.path ?? target.path),
      object: objectOf(target, match),
    });
  }
}

type Beginning = Pick<AuditRecord, "time" | "who" | "method" | "route" | "object">;

/** A call that is being answered. */
export class AuditedCall {
  readonly #write: (record: AuditRecord) => void;
  readonly #clock: Clock;
  readonly #beginning: Beginning;
  readonly #began: number;
  #name: () => string = () => "";
  #id = "";
  #error = "";

  constructor(write: (record: AuditRecord) => void, clock: Clock, beginning: Beginning) {
    this.#write = write;
    this.#clock = clock;
    this.#beginning = beginning;
    this.#began = clock.monotonic();
  }

  /** The name that the call's body gives, once that is known. */
  about(name: () => string): void {
    this.#name = name;
  }

  /** What was answered, which may name what was made. */
  made(answer: Answer): void {
    if (answer.kind !== "json" || typeof answer.value !== "object" || answer.value === null) return;
    for (const [key, value] of Object.entries(answer.value))
      if (key.toUpperCase() === "ID" && typeof value === "string") this.#id = value;
  }

  failed(error: string): void {
    this.#error = error;
  }

  /** The call is over; undefined when it was never answered. */
  end(status: number | undefined): void {
    const { object, ...beginning } = this.#beginning;
    const name = object.name ?? this.#name();
    this.#write({
      ...beginning,
      object: {
        kind: object.kind,
        ...(name === "" ? {} : { name: cut(name) }),
        ...(this.#id === "" ? {} : { id: cut(this.#id) }),
      },
      status: status ?? 0,
      ...(this.#error === "" ? {} : { error: cut(withoutValues(this.#error)) }),
      ms: Math.round(this.#clock.monotonic() - this.#began),
    });
  }
}

function callerOf({ socket }: IncomingMessage): AuditedCaller {
  const address = socket.remoteAddress;
  if (socket instanceof TLSSocket) {
    const { CN } = socket.getPeerCertificate().subject ?? {};
    const commonName = Array.isArray(CN) ? CN.join(",") : CN;
    return { via: "tls", address: address ?? "", commonName: cut(commonName ?? "") };
  }
  return address === undefined ? { via: "unix socket" } : { via: "tcp", address };
}

/** Queries of the engine's routes that name what a call is about. All others stay unseen: they may hold anything. */
const namingQueries = ["name", "fromImage"];

function objectOf({ path, query }: Target, match: RouteMatch | undefined): AuditRecord["object"] {
  const [, first = "", second = "", third] = path.split("/");
  const kind = cut(first.length > 1 && first.endsWith("s") ? first.slice(0, -1) : first);
  if (match) {
    const [name] = Object.values(match.params);
    return name === undefined ? { kind } : { kind, name };
  }
  const asked = namingQueries.map(key => query.get(key)).find(value => value !== null);
  // `/containers/NAME/start`, `/volumes/NAME`; but `/containers/create`, `/images/load`.
  const named = third !== undefined || !/^(create|load|prune|search|)$/.test(second) ? second : undefined;
  const name = asked ?? named;
  return name === undefined ? { kind } : { kind, name };
}

/** Some errors quote what was sent: a variable's value may be a password. */
function withoutValues(error: string): string {
  return error.replace(/(expanding env )"(?:[^"\\]|\\.)*"/g, '$1"…"');
}

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
