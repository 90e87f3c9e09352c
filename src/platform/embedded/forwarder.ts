/** Where a connection may be forwarded to. */
export interface Backend {
  readonly host: string;
  readonly port: number;
}

/** The backends of the moment, the one whose turn it is first. */
export type Backends = () => readonly Backend[];

/** Something that listens on a published port and forwards to tasks' own. */
export interface Forwarder {
  /** The port that is really listened on. */
  readonly port: number;
  /** Ends listening and every connection that is being forwarded. */
  close(): void;
}

/** Where this node's own tasks listen. */
export const taskAddress = "127.0.0.1";
