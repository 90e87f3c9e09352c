import type { ServerHttp2Session } from "node:http2";

/**
 * Makes `session` outlive its peer's goodbye, a GOAWAY without an error: it is about streams that a server begins, of which gRPC
 * has none, and a client that has said it ends the connection itself when its calls are answered. Node closes the session
 * instead, and turns away the calls that come after, as one does that was begun just before. That Node 20 does while it reads the
 * call, and writes within the reading: its own GOAWAY frees the stream that is being read (docs/adr/0010).
 * Closed by this side, the session ends at once.
 */
export function outliveGoodbye(session: ServerHttp2Session): void {
  session.close = ended => {
    // Node, at a goodbye, does not ask to be told.
    if (!ended) return;
    session.once("close", ended);
    session.destroy();
  };
}
