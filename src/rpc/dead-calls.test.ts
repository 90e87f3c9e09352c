import { once } from "node:events";
import { constants } from "node:http2";
import { Duplex } from "node:stream";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { ignoreDeadCalls } from "./dead-calls.ts";

/** Frame types and flags (RFC 9113, section 6). */
const headersFrame = 1;
const resetFrame = 3;
const settingsFrame = 4;
const endHeaders = 4;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literals that go into no table (RFC 7541, section 6.2.2), each of less than 127 bytes. */
function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function call(id: number, contentType: string): Buffer {
  const request = { ":method": "POST", ":scheme": "https", ":authority": "manager", ":path": "/none/none" };
  return frame(headersFrame, endHeaders, id, headerBlock({ ...request, "content-type": contentType }));
}

const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(settingsFrame, 0, 0, Buffer.alloc(0)),
]);

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
    ignoreDeadCalls(server);
    const wire = new Wire();
    server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(wire);
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    wire.push(Buffer.concat([preface, call(1, contentType), frame(resetFrame, 0, 1, cancel), call(3, contentType)]));
    const isAnswer = (chunk: Buffer): boolean =>
      chunk.includes(Buffer.from([headersFrame, endHeaders | 1, 0, 0, 0, 3]));
    while (!wire.answered.some(isAnswer)) await once(wire, "answered");
    expect(wire.destroyed).toBe(false);
    server.forceShutdown();
  });
});
