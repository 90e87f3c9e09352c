import { describe, expect, it } from "vitest";
import { Backlog } from "./backlog.ts";

const fresh = (backlog: Backlog) => [...backlog.fresh()];

describe("a backlog", () => {
  it("lets look again as many as something may help, those first that wait longest", () => {
    const backlog = new Backlog();
    for (const id of ["a", "b", "c", "d"]) backlog.park(id, "room");
    backlog.wake("room", 2);
    expect(fresh(backlog)).toEqual(["a", "b"]);
    backlog.park("a", "room");
    backlog.remove("b");
    backlog.wake("room", 1);
    expect(fresh(backlog)).toEqual(["c"]);
    backlog.wake("room");
    expect(fresh(backlog)).toEqual(["c", "d", "a"]);
    expect(backlog.waits("room")).toBe(false);
  });

  it("has each once, waiting for one thing", () => {
    const backlog = new Backlog();
    backlog.add("a");
    backlog.park("a", "room");
    backlog.park("a", "ports");
    backlog.wake("room");
    expect(backlog.hasFresh).toBe(false);
    backlog.wake("ports");
    backlog.add("a");
    expect(fresh(backlog)).toEqual(["a"]);
    backlog.remove("a");
    expect(backlog.hasFresh).toBe(false);
  });
});
