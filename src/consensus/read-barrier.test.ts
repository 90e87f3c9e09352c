import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { ReadBarrier } from "./read-barrier.ts";

function barrier() {
  const asked: Uint8Array[] = [];
  const reads = new ReadBarrier(Uint8Array.of(1), context => {
    asked.push(context);
    return undefined;
  });
  const done: string[] = [];
  const wait = (name: string) =>
    reads.wait().then(
      () => done.push(name),
      () => done.push(`${name} failed`),
    );
  const confirm = (at: number, index: bigint, applied: bigint) =>
    reads.advance([{ context: asked[at] as Uint8Array, index }], applied);
  return { reads, asked, done, wait, confirm };
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

describe("the read barrier", () => {
  it("asks once for all who come in one turn, and again for those who come later", async () => {
    const { asked, done, wait, confirm } = barrier();
    void wait("a");
    void wait("b");
    await turn();
    void wait("c");
    await turn();
    expect(asked).toHaveLength(1);
    confirm(0, 5n, 5n);
    await turn();
    expect([done, asked.length]).toEqual([["a", "b"], 2]);
    confirm(1, 5n, 5n);
    await turn();
    expect(done).toEqual(["a", "b", "c"]);
  });

  it("waits until what was committed is applied", async () => {
    const { reads, done, wait, confirm } = barrier();
    void wait("a");
    await turn();
    confirm(0, 9n, 8n);
    await turn();
    expect(done).toEqual([]);
    reads.advance([], 9n);
    await turn();
    expect(done).toEqual(["a"]);
  });

  it("takes no answer to another question", async () => {
    const { reads, done, wait } = barrier();
    void wait("a");
    await turn();
    reads.advance([{ context: Uint8Array.of(1, 2), index: 1n }], 9n);
    await turn();
    expect(done).toEqual([]);
    reads.failAll(new Fault("unavailable", "over"));
    await turn();
    expect(done).toEqual(["a failed"]);
  });
});
