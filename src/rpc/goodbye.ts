import type { ServerHttp2Session } from "node:http2";

/**
 * Closes `session` in another way than Node does; to be called when it begins. Node closes one when its peer says goodbye (a
 * GOAWAY without an error), and turns away the calls that come after, as one does that was begun just before. That Node 20 does
 * while it reads the call, and writes within the reading: its own GOAWAY frees the stream that is being read (docs/adr/0010).
 * Closed like this, a session serves what comes until no call is under way, and then it ends, never within its reading.
 */
export function closeBetweenReadings(session: ServerHttp2Session): void {
  let calls = 0;
  let isClosing = false;
  const endIfIdle = (): void => {
    if (isClosing && calls === 0) session.destroy();
  };
  session.on("stream", stream => {
    calls++;
    stream.once("close", () => {
      calls--;
      setImmediate(endIfIdle);
    });
  });
  session.close = ended => {
    if (ended) session.once("close", ended);
    isClosing = true;
    // What was read together with the goodbye has begun by then.
    setImmediate(endIfIdle);
  };
}
