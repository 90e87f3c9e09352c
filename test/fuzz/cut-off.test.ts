import { afterEach, describe, expect, it } from "vitest";
import type { Credentials } from "../../src/pki/credentials.ts";
import { callHeaders, flag, frame, frameType, preface } from "../../src/rpc/http2-frames.test-kit.ts";
import { TestSwarm } from "../../src/rpc/identities.test-kit.ts";
import { SimRandom } from "../../src/sim/random.ts";
import { ListenerChild } from "./listener-child.ts";
import { Mutator } from "./mutator.ts";

/** Connections at a time, and in all: with Node's HTTP/2 over the socket itself the process ended within seconds. */
const parallel = 20;
const connections = 400;

let target: ListenerChild | undefined;

afterEach(() => target?.stop());

describe("a node that is cut off while it sends broken HTTP/2", () => {
  it("ends nobody's process", async () => {
    const swarm = await TestSwarm.create();
    const child = await ListenerChild.start(swarm, { collects: true });
    target = child;
    const credentials = await swarm.credentials("intruder");
    const mutator = new Mutator(new SimRandom(4));
    const intrude = async (): Promise<void> => {
      for (let count = 0; count < connections / parallel; count++) await bother(child, credentials, mutator);
    };
    expect(await child.outlives(Promise.all(Array.from({ length: parallel }, intrude)))).toBe("alive");
  }, 300_000);
});

/** One connection: calls whose answers are not read, then data and frames with mistakes, then its end one way or another. */
function bother(child: ListenerChild, credentials: Credentials, mutator: Mutator): Promise<void> {
  const { raw, socket, gone } = child.dial(credentials);
  const leave = (): void => {
    if (mutator.chance(0.7)) raw.resetAndDestroy();
    else socket.destroy();
  };
  socket.on("secureConnect", () => {
    socket.pause();
    const calls = 1 + mutator.below(20);
    const whole = Array.from({ length: calls }, (_, at) => callOf(3 + 2 * at));
    socket.write(Buffer.concat([preface, wideWindows, openCall, ...whole]));
    setTimeout(() => {
      const last = [piece, mutator.one(broken)];
      socket.write(Buffer.concat(last), () => setTimeout(leave, mutator.below(5)));
    }, mutator.below(8));
  });
  return gone;
}

/** Answers may be as long as they like. */
const wideWindows = Buffer.concat([
  frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0, 0])),
  frame(frameType.windowUpdate, 0, 0, Buffer.from([0x7f, 0xfe, 0, 0])),
]);

/** Both end a connection, and memory is held for what they carry while they are looked at. */
const broken = [
  frame(frameType.goAway, 0, 0, Buffer.concat([Buffer.from([0x7f, 0xff, 0, 1, 0, 0, 0, 0]), Buffer.alloc(200)])),
  frame(frameType.settings, 0, 1, Buffer.from([0, 3, 0, 0, 0, 9, 0, 4, 0, 0xff, 0, 0])),
];

const path = "/docker.swarmkit.v1.CA/GetRootCACertificate";
/** A call that goes on, and what comes of it: held back while an answer is being written, with all that follows. */
const openCall = frame(frameType.headers, flag.endHeaders, 1, callHeaders(path));
const piece = frame(frameType.data, 0, 1, Buffer.alloc(1));

/** A whole call, with an empty message. */
function callOf(stream: number): Buffer {
  const headers = frame(frameType.headers, flag.endHeaders, stream, callHeaders(path));
  return Buffer.concat([headers, frame(frameType.data, flag.endStream, stream, Buffer.alloc(5))]);
}
