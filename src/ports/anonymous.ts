import type { Connection } from "./transport.ts";

/** What a node without a certificate demands of the manager it calls. */
export type Trust =
  /** Nothing: only for fetching a root certificate, which is then compared with a join token's digest. */
  | { readonly kind: "none" }
  /** A certificate under this root (PEM) that holds for the name of a swarm's authority. */
  | { readonly kind: "root"; readonly rootPem: string };

/** Connections of a node that has no certificate yet: how it fetches the root and asks for its own. */
export interface AnonymousDialler {
  /** `address` is HOST:PORT. */
  connectAnonymous(address: string, trust: Trust): Connection;
}
