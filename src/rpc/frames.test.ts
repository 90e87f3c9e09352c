import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { FrameReader, FrameWriter } from "./frames.ts";

/** A socket that takes what is written when it is told to, and not before. */
class SlowSocket extends EventEmitter {
  writable = true;
  writableNeedDrain = false;
  readonly #waiting: { readonly bytes: Buffer; readonly done: () => void }[] = [];
  readonly #reader = new FrameReader(1 << 20);

  get asTls(): TLSSocket {
    return this as unknown as TLSSocket;
  }

  get writes(): number {
    return this.#waiting.length;
  }

  write(bytes: Buffer, done: () => void): void {
    this.#waiting.push({ bytes, done });
  }

  /** The frames of the oldest write. */
  take(): string[] {
    const next = this.#waiting.shift();
    const frames = [...this.#reader.read(Buffer.from(next?.bytes ?? []))].map(String);
    next?.done();
    return frames;
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe("frames that are sent", () => {
  it("go out together when they are of one turn", async () => {
    const socket = new SlowSocket();
    let handed = 0;
    const frames = new FrameWriter(socket.asTls, () => {
      handed += 1;
    });
    for (const text of ["one", "two"]) frames.send(writer => writer.raw(Buffer.from(text)));
    await turn();
    frames.send(writer => writer.raw(Buffer.from("three")));
    await turn();
    expect(handed).toBe(2);
    expect([socket.take(), socket.take()]).toEqual([["one", "two"], ["three"]]);
  });

  it("are not written over before the socket has taken them", async () => {
    const socket = new SlowSocket();
    const frames = new FrameWriter(socket.asTls);
    const sent = ["a", "b", "c", "d", "e", "f"].map(letter => letter.repeat(3_000));
    for (const text of sent) {
      frames.send(writer => writer.raw(Buffer.from(text)));
      frames.flush();
    }
    expect(sent.flatMap(() => socket.take())).toEqual(sent);
    // Now into the buffers that came back.
    for (const text of sent.slice(0, 3)) {
      frames.send(writer => writer.raw(Buffer.from(text)));
      frames.flush();
    }
    expect(socket.writes).toBe(3);
    expect([socket.take(), socket.take(), socket.take()].flat()).toEqual(sent.slice(0, 3));
  });

  it("leave nothing behind when they cannot be written", async () => {
    const socket = new SlowSocket();
    const frames = new FrameWriter(socket.asTls);
    frames.send(writer => writer.raw(Buffer.from("before")));
    const failing = (): void =>
      frames.send(writer => {
        writer.fork().raw(Buffer.from("half"));
        throw new Error("no");
      });
    expect(failing).toThrow("no");
    frames.send(writer => writer.raw(Buffer.from("after")));
    await turn();
    expect(socket.take()).toEqual(["before", "after"]);
  });

  it("are dropped when the connection has ended", async () => {
    const socket = new SlowSocket();
    const frames = new FrameWriter(socket.asTls);
    frames.send(writer => writer.raw(Buffer.from("late")));
    socket.writable = false;
    await turn();
    frames.send(writer => writer.raw(Buffer.from("later")));
    await turn();
    expect(socket.writes).toBe(0);
  });

  it("say when the other side does not keep up", () => {
    const socket = new SlowSocket();
    const frames = new FrameWriter(socket.asTls);
    frames.send(writer => writer.raw(Buffer.from("x")));
    socket.writableNeedDrain = true;
    expect(frames.flush()).toBe(false);
  });
});
