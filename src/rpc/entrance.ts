import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Metadata, Server } from "@grpc/grpc-js";
import { closeBetweenReadings } from "./goodbye.ts";
import { PeerStream } from "./peers/peer-stream.ts";

/** What gRPC's server calls with each call that begins: an inner method, which its own bundle binds when a connection is made. */
const entrance = "_streamHandler";
/** Another inner method: makes what gRPC's server calls with each connection that begins. */
const gate = "_sessionHandler";
/** By what a call's handler knows its connection. Whatever a caller says here is overwritten. */
const endpointKey = "shoal-endpoint";

type Headers = Record<string, unknown>;
type Entrance = (interceptors: unknown, stream: ServerHttp2Stream, headers: Headers) => void;
type Gate = (http2: Http2Server) => (session: ServerHttp2Session) => void;

/**
 * Stands before the calls of `server`, whose connections are `PeerStream`s; to be called before it has one. Notes by which of
 * them a call came, which grpc-js finds out of sockets alone. And leaves calls alone that were over before anybody looked at
 * them, as those of a node that is being cut off: grpc-js 1.14 answers one that asks for no gRPC, or for no method of its, without
 * asking whether it is still there, and what Node throws at that ends the process. Connections are closed between readings.
 */
export function guardEntrance(server: Server): void {
  const enter: Entrance = Reflect.get(server, entrance);
  const enterKnown: Entrance = (interceptors, stream, headers) => {
    if (stream.destroyed || stream.closed) return void stream.on("error", () => {});
    headers[endpointKey] = endpointOf(stream);
    enter.call(server, interceptors, stream, headers);
  };
  Reflect.set(server, entrance, enterKnown);
  const open: Gate = Reflect.get(server, gate);
  const openGuarded: Gate = http2 => {
    const admit = open.call(server, http2);
    return session => {
      closeBetweenReadings(session);
      admit(session);
    };
  };
  Reflect.set(server, gate, openGuarded);
}

/** IP:PORT that a call came from; empty when its connection is gone. */
export function callEndpoint(metadata: Metadata): string {
  return String(metadata.get(endpointKey)[0] ?? "");
}

/** What Node puts between a session and a stream that is no socket has it as `stream` (nodejs: JSStreamSocket). */
function endpointOf({ session }: ServerHttp2Stream): string {
  const stream: unknown = session && !session.destroyed && Reflect.get(session.socket, "stream");
  return stream instanceof PeerStream ? stream.endpoint : "";
}
