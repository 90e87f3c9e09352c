import { describe, expect, it } from "vitest";
import { Window } from "./window.ts";

describe("a window", () => {
  it("is full at so many messages, and has room again for those that arrived", () => {
    const window = new Window(3, 1_000);
    for (const last of [4n, 6n, 9n]) {
      expect(window.isFull).toBe(false);
      window.add(last, 10);
    }
    expect(window.isFull).toBe(true);
    window.release(3n);
    expect([window.isFull, window.messages]).toEqual([true, 3]);
    window.release(7n);
    expect([window.isFull, window.messages]).toEqual([false, 1]);
  });

  it("is full at so many bytes, and lets in one message of any size", () => {
    const window = new Window(10, 100);
    window.add(1n, 99);
    expect(window.isFull).toBe(false);
    window.add(2n, 500);
    expect(window.isFull).toBe(true);
    window.release(1n);
    expect(window.isFull).toBe(true);
    window.release(2n);
    expect(window.isFull).toBe(false);
  });

  it("is empty once cleared", () => {
    const window = new Window(1, 1);
    window.add(1n, 5);
    window.clear();
    expect([window.isFull, window.messages]).toEqual([false, 0]);
  });
});
