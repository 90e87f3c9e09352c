import type { IncomingMessage, ServerResponse } from "node:http";

/** What a visitor's token allows: looking, or also changing things. */
export type Role = "reader" | "operator";

/** Who has logged in. */
export interface Visitor {
  readonly name: string;
  readonly role: Role;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

/** Why a node cannot show the swarm: it is in none, only works for it, is locked, or is not ready yet. */
export type Obstacle = "outside" | "worker" | "locked" | "starting";

/** The Docker API of the same daemon: all that the dashboard knows of the swarm comes from there. */
export interface ApiDoor {
  /** What keeps this node from showing the swarm; undefined for a manager at work. */
  obstacle(): Obstacle | undefined;
  /** Whose token this is; undefined when it is none, or its time is over. Throws when that cannot be told now. */
  check(token: string): Visitor | undefined;
  /** Answers a request whose `url` is one of the API's. */
  answer(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void;
}
