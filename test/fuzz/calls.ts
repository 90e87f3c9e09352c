import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { faultCodeOf } from "../../src/lib/fault.ts";
import { isFaithful } from "./faithful.ts";
import type { Outcome } from "./outcome.ts";

/** A unary call has to be answered within this, on however slow a machine; one that is not hangs. */
const answerLimitMs = 60_000;
/** A call that may stay open is broken off after this. */
const openMs = 150;
const grpcHeaders = { "content-type": "application/grpc", te: "trailers" };
const unknownCode = 2;
const internalCode = 13;
/** gRPC itself says `internal` for frames and messages that cannot be read (grpc: doc/statuscodes.md). */
const frameTexts =
  /^(Error deserializing request|Compressed message received|Request received data|Received message with|Missing initial metadata|Unknown compression|Data sent after|Invalid grpc-timeout)/;

export interface Call {
  readonly kind: string;
  /** Service and method, as in the path. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  /** Whether it may stay open. */
  readonly streams: boolean;
}

/** Makes one gRPC call, and tells how it ended. */
export function callOnce(session: ClientHttp2Session, { kind, path, headers, body, streams }: Call): Promise<Outcome> {
  return new Promise(resolve => {
    let status: IncomingHttpHeaders = {};
    const stream = opened(session, { ":method": "POST", ":path": path, ...grpcHeaders, ...headers });
    if (!stream) return resolve({ kind, answer: "closed before" });
    const timer = setTimeout(
      () => {
        stream.destroy();
        const isLate = !streams && !session.destroyed;
        resolve({ kind, answer: "open", ...(isLate && { finding: `${path} is not answered` }) });
      },
      streams ? openMs : answerLimitMs,
    );
    const done = (answer: string, finding?: string): void => {
      clearTimeout(timer);
      resolve({ kind, answer, ...(finding !== undefined && { finding: `${path} ${finding}` }) });
    };
    const merge = (more: IncomingHttpHeaders): void => {
      status = { ...status, ...more };
    };
    stream.on("response", merge);
    stream.on("trailers", merge);
    stream.on("error", () => done(`reset with ${stream.rstCode}`));
    stream.on("close", () => done(...judged(status)));
    stream.resume();
    stream.end(body);
  });
}

/** Undefined when the connection has just ended. */
function opened(session: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream | undefined {
  try {
    return session.request(headers);
  } catch {
    return undefined;
  }
}

/** The answer that headers and trailers give, and what is wrong with it. */
function judged(status: IncomingHttpHeaders): [answer: string, finding?: string] {
  if (status["grpc-status"] === undefined) return [status[":status"] ? `HTTP ${status[":status"]}` : "closed"];
  const code = Number(status["grpc-status"]);
  const text = decoded(String(status["grpc-message"] ?? ""));
  if (code === 0) return ["ok"];
  if (code === internalCode && frameTexts.test(text)) return ["internal (gRPC: cannot be read)"];
  const name = faultCodeOf(code);
  if (code === unknownCode && isFaithful(text)) return [name];
  if (code === internalCode || code === unknownCode) return [name, `is ${name}: ${text.slice(0, 200)}`];
  return [name];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
