import { describe, expect, it } from "vitest";
import { Channel } from "./channel.ts";
import { Fault } from "./fault.ts";

describe("a channel", () => {
  it("delivers in order and ends", async () => {
    const channel = new Channel<number>(10);
    for (const value of [1, 2, 3]) expect(channel.offer(value)).toBe(true);
    channel.close();
    const seen: number[] = [];
    for await (const value of channel) seen.push(value);
    expect(seen).toEqual([1, 2, 3]);
  });

  it("makes producers wait while it is full, and lets them in by turns", async () => {
    const channel = new Channel<number>(1);
    const log: string[] = [];
    const producing = (async () => {
      for (const value of [1, 2, 3]) {
        await channel.send(value);
        log.push(`sent ${value}`);
      }
    })();
    await new Promise(resolve => setImmediate(resolve));
    expect(log).toEqual(["sent 1"]);
    expect(channel.offer(9)).toBe(false);
    expect(await channel.take()).toBe(1);
    expect(await channel.take()).toBe(2);
    expect(await channel.take()).toBe(3);
    await producing;
    expect(log).toEqual(["sent 1", "sent 2", "sent 3"]);
  });

  it("keeps its bound when several producers are let in", async () => {
    const channel = new Channel<number>(2);
    const sent = [1, 2, 3, 4, 5, 6].map(value => channel.send(value));
    await new Promise(resolve => setImmediate(resolve));
    expect(channel.takeNow(10)).toEqual([1, 2]);
    await new Promise(resolve => setImmediate(resolve));
    expect(channel.takeNow(10)).toEqual([3, 4]);
    await new Promise(resolve => setImmediate(resolve));
    expect(channel.takeNow(10)).toEqual([5, 6]);
    expect(await Promise.all(sent)).toEqual([true, true, true, true, true, true]);
  });

  it("throws its fault after what was queued", async () => {
    const channel = new Channel<number>(2);
    channel.offer(1);
    channel.close(new Fault("unavailable", "gone"));
    expect(await channel.take()).toBe(1);
    await expect(channel.take()).rejects.toThrow("gone");
  });

  it("tells waiting producers when the consumer leaves", async () => {
    const channel = new Channel<number>(1);
    channel.offer(1);
    const waiting = [channel.send(2), channel.send(3)];
    for await (const _ of channel) break;
    expect((await Promise.all(waiting))[1]).toBe(false);
    expect(await channel.send(4)).toBe(false);
  });
});
