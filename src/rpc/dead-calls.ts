import type { ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/** What gRPC's server calls with each call that begins: an inner method, which its own bundle binds when a connection is made. */
const entrance = "_streamHandler";

type Entrance = (interceptors: unknown, stream: ServerHttp2Stream, headers: unknown) => void;

/**
 * Lets `server` leave calls alone that were over before it looked at them, as those of a node that is being cut off. grpc-js
 * 1.14 answers one that asks for no gRPC, or for no method of its, without asking whether it is still there, and what Node
 * throws at that ends the process. To be called before the server has a connection.
 */
export function ignoreDeadCalls(server: Server): void {
  const enter: Entrance = Reflect.get(server, entrance);
  const enterAlive: Entrance = (interceptors, stream, headers) => {
    if (stream.destroyed || stream.closed) stream.on("error", () => {});
    else enter.call(server, interceptors, stream, headers);
  };
  Reflect.set(server, entrance, enterAlive);
}
