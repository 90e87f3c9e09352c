import { afterEach, describe, expect, it } from "vitest";
import type { Credentials } from "../../src/pki/credentials.ts";
import { callHeaders, flag, frame, frameType, preface } from "../../src/rpc/http2-frames.test-kit.ts";
import { TestSwarm } from "../../src/rpc/identities.test-kit.ts";
import { SimRandom } from "../../src/sim/random.ts";
import { ListenerChild } from "./listener-child.ts";
import { Mutator } from "./mutator.ts";

/** Without its caches glibc sees soon that what was freed is written to; other allocators take no notice. */
const env = { GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" };
const parallel = 20;
const connections = 200;

let target: ListenerChild | undefined;

afterEach(() => target?.stop());

describe("a node that begins calls and closes its connection at once", () => {
  it("ends nobody's process", async () => {
    const swarm = await TestSwarm.create();
    const child = await ListenerChild.start(swarm, { env });
    target = child;
    const credentials = await swarm.credentials("hasty");
    const mutator = new Mutator(new SimRandom(4));
    const haste = async (): Promise<void> => {
      for (let count = 0; count < connections / parallel; count++) await visit(child, credentials, mutator);
    };
    expect(await child.outlives(Promise.all(Array.from({ length: parallel }, haste)))).toBe("alive");
  }, 300_000);
});

/** Calls, the goodbye, and the calls that were begun just before it and go out just after: in one piece or in two. */
function visit(child: ListenerChild, credentials: Credentials, mutator: Mutator): Promise<void> {
  const { raw, socket, gone } = child.dial(credentials);
  socket.resume();
  socket.on("secureConnect", () => {
    const before = mutator.below(12);
    const first = [preface, ...calls(0, before)];
    const second = [goodbye, ...calls(before, before + 1 + mutator.below(6))];
    if (mutator.chance(0.5)) socket.write(Buffer.concat([...first, ...second]));
    else socket.write(Buffer.concat(first), () => setTimeout(() => socket.write(Buffer.concat(second)), 1));
    setTimeout(() => raw.resetAndDestroy(), 5 + mutator.below(12));
  });
  return gone;
}

const goodbye = frame(frameType.goAway, 0, 0, Buffer.alloc(8));
const headers = callHeaders("/docker.swarmkit.v1.CA/GetRootCACertificate");

/** The calls from one number to another, the last not included, all without a message. */
function calls(from: number, to: number): Buffer[] {
  const ids = Array.from({ length: to - from }, (_, at) => 1 + 2 * (from + at));
  return ids.map(id => frame(frameType.headers, flag.endHeaders | flag.endStream, id, headers));
}
