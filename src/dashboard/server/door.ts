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

/** The Docker API of the same daemon: all that the dashboard knows of the swarm comes from there. */
export interface ApiDoor {
  /** Whose token this is; undefined when it is none, or its time is over. Rejects when that cannot be told now. */
  check(token: string): Promise<Visitor | undefined>;
  /** Answers a request whose `url` is one of the API's. */
  answer(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void;
}
