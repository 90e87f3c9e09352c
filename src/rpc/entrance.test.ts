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

describe("a call that is over before it is looked at", () => {
  it.each([
    { asks: "for no gRPC", contentType: "text/plain" },
    { asks: "for a method that there is not", contentType: "application/grpc" },
  ])("ends nothing but itself when it asks $asks", async ({ contentType }) => {
    const server = new Server({ "grpc.enable_channelz": 0 });
    guardEntrance(server);
    const wire = new Wire();
    server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(wire);
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    wire.push(
      Buffer.concat([preface, call(1, contentType), frame(frameType.reset, 0, 1, cancel), call(3, contentType)]),
    );
    const isAnswer = (chunk: Buffer): boolean =>
      chunk.includes(Buffer.from([frameType.headers, flag.endHeaders | flag.endStream, 0, 0, 0, 3]));
    while (!wire.answered.some(isAnswer)) await once(wire, "answered");
    expect(wire.destroyed).toBe(false);
    server.forceShutdown();
  });
});
