import type { Credentials } from "./credentials.ts";

/** Where the node's current credentials come from: they change when they are renewed or the root is. */
export interface IdentitySource {
  /** Undefined while the node belongs to no swarm. */
  current(): Credentials | undefined;
  /** Calls `changed` after every change, until the returned function is called. */
  onChange(changed: () => void): () => void;
}

/** The one place where a running node keeps its credentials. */
export class LiveIdentity implements IdentitySource {
  #credentials: Credentials | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(credentials?: Credentials) {
    this.#credentials = credentials;
  }

  current(): Credentials | undefined {
    return this.#credentials;
  }

  /** Replaces the credentials (undefined: the node has left) and tells everyone who listens. */
  set(credentials: Credentials | undefined): void {
    this.#credentials = credentials;
    for (const changed of this.#listeners) changed();
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }
}
