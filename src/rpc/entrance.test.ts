import { once } from "node:events";
import { constants } from "node:http2";
import { Duplex } from "node:stream";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { guardEntrance } from "./entrance.ts";
import { callHeaders, flag, frame, frameType, preface } from "./http2-frames.test-kit.ts";

const call = (id: number, contentType: string): Buffer =>
  frame(frameType.headers, flag.endHeaders, id, callHeaders("/none/none", contentType));

/** A connection whose other end is the test: what is read from it in one piece is taken in before anything is answered. */
class Wire extends Duplex {
  readonly answered: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.answered.push(chunk);
    this.emit("answered");
    done();
  }
}

/** A server with nothing to call, and one connection to it. */
function serve(): { server: Server; wire: Wire } {
  const server = new Server({ "grpc.enable_channelz": 0 });
  guardEntrance(server);
  const wire = new Wire();
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(wire);
  return { server, wire };
}

/** Until the call of that number has its whole answer. */
async function answered(wire: Wire, id: number): Promise<void> {
  const answer = Buffer.from([frameType.headers, flag.endHeaders | flag.endStream, 0, 0, 0, id]);
  while (!wire.answered.some(chunk => chunk.includes(answer))) await once(wire, "answered");
}

describe("a call that is over before it is looked at", () => {
  it.each([
    { asks: "for no gRPC", contentType: "text/plain" },
    { asks: "for a method that there is not", contentType: "application/grpc" },
  ])("ends nothing but itself when it asks $asks", async ({ contentType }) => {
    const { server, wire } = serve();
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    wire.push(
      Buffer.concat([preface, call(1, contentType), frame(frameType.reset, 0, 1, cancel), call(3, contentType)]),
    );
    await answered(wire, 3);
    expect(wire.destroyed).toBe(false);
    server.forceShutdown();
  });
});

describe("a connection whose client says goodbye", () => {
  const goodbye = frame(frameType.goAway, 0, 0, Buffer.alloc(8));

  it("has the calls answered that come with the goodbye, and then it ends", async () => {
    const { wire } = serve();
    const closed = once(wire, "close");
    wire.push(Buffer.concat([preface, call(1, "application/grpc"), goodbye, call(3, "application/grpc")]));
    await Promise.all([answered(wire, 1), answered(wire, 3), closed]);
  });

  it("ends at once without any call", async () => {
    const { wire } = serve();
    wire.push(Buffer.concat([preface, goodbye]));
    await once(wire, "close");
  });
});
