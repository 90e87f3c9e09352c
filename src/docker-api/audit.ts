import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { Clock } from "../ports/clock.ts";
import type { Answer } from "./answer.ts";
import {
  type AuditedCaller,
  type AuditedObject,
  type AuditRecord,
  auditedError,
  auditedObject,
  cut,
} from "./audit-record.ts";
import type { Target } from "./dispatcher.ts";
import type { RouteMatch } from "./router.ts";

/** Notes the calls that may change something. */
export class Auditor {
  readonly #write: ((record: AuditRecord) => void) | undefined;
  readonly #clock: Clock;

  /** Without `write` nothing is noted. */
  constructor(write: ((record: AuditRecord) => void) | undefined, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** To be called for every request; undefined for those that only read. `caller` where the connection does not tell. */
  begin(
    request: IncomingMessage,
    target: Target,
    match: RouteMatch | undefined,
    caller?: AuditedCaller,
  ): AuditedCall | undefined {
    const { method = "" } = request;
    if (!this.#write || method === "GET" || method === "HEAD" || method === "OPTIONS") return undefined;
    return new AuditedCall(this.#write, this.#clock, {
      time: new Date(this.#clock.now()).toISOString(),
      who: caller ?? callerOf(request),
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
    this.#write({
      ...beginning,
      object: auditedObject(object.kind, object.name ?? this.#name(), this.#id),
      status: status ?? 0,
      ...auditedError(this.#error),
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

function objectOf({ path, query }: Target, match: RouteMatch | undefined): AuditedObject {
  const [, first = "", second = "", third] = path.split("/");
  const kind = first.length > 1 && first.endsWith("s") ? first.slice(0, -1) : first;
  const asked = namingQueries.map(key => query.get(key)).find(value => value !== null) ?? undefined;
  if (match) {
    const [name = asked] = Object.values(match.params);
    return name === undefined ? { kind } : { kind, name };
  }
  // `/containers/NAME/start`, `/volumes/NAME`; but `/containers/create`, `/images/load`.
  const named = third !== undefined || !/^(create|load|prune|search|)$/.test(second) ? second : undefined;
  const name = asked ?? named;
  return name === undefined ? { kind } : { kind, name };
}
