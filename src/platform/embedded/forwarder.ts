/** Loopback ports that connections may be forwarded to, the one whose turn it is first. */
export type Backends = () => readonly number[];

/** Something that listens on a published port and forwards to tasks' own. */
export interface Forwarder {
  /** The port that is really listened on. */
  readonly port: number;
  /** Ends listening and every connection that is being forwarded. */
  close(): void;
}

export const taskAddress = "127.0.0.1";
