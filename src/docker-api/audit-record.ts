/** Characters of a name, path or error that are noted. */
const longestText = 512;

/** Who called. */
export type AuditedCaller =
  /** Not known further: Node.js does not tell the other end's user, and the socket's mode decides who it can be. */
  | { readonly via: "unix socket" }
  | { readonly via: "tcp"; readonly address: string }
  | { readonly via: "tls"; readonly address: string; readonly commonName: string }
  /** Somebody at the dashboard, by the name their token was given. */
  | { readonly via: "dashboard"; readonly address: string; readonly name: string }
  /** Another node of the swarm, by its certificate; `nodeId` is "" for one that has none yet. */
  | { readonly via: "node"; readonly address: string; readonly nodeId: string; readonly forwardedBy?: string };

/** One call that may have changed something. Nothing of its body but the name it gives, and nothing of its query. */
export interface AuditRecord {
  /** When it began, RFC 3339. */
  readonly time: string;
  readonly who: AuditedCaller;
  /** The HTTP method; "RPC" for a call between nodes. */
  readonly method: string;
  /**
   * The swarm's routes as patterns, `/services/:id/update`; what goes on to the engine as it was asked for; between
   * nodes the service and its method.
   */
  readonly route: string;
  readonly object: AuditedObject;
  /** HTTP status, between nodes the one that the outcome would have; 0 when the caller went away before there was one. */
  readonly status: number;
  readonly error?: string;
  /** How long it took. */
  readonly ms: number;
}

export interface AuditedObject {
  /** "service", "container", "swarm". */
  readonly kind: string;
  /** Name or id, as the caller says it. */
  readonly name?: string;
  /** Of what was made or changed. */
  readonly id?: string;
}

/** An object with what is known of it. */
export function auditedObject(kind: string, name: string, id: string): AuditedObject {
  return { kind: cut(kind), ...(name === "" ? {} : { name: cut(name) }), ...(id === "" ? {} : { id: cut(id) }) };
}

/** An error as it may be noted: some quote what was sent, and a variable's value may be a password. */
export function auditedError(error: string): { error?: string } {
  return error === "" ? {} : { error: cut(error.replace(/(expanding env )"(?:[^"\\]|\\.)*"/g, '$1"…"')) };
}

export function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
