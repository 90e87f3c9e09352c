import { expect, it } from "vitest";
import { SimClock } from "../sim/clock.ts";
import { Latest } from "./latest.ts";

it("says the first text at once, and of those that follow the latest", async () => {
  const clock = new SimClock();
  const said: string[] = [];
  const latest = new Latest(clock, 1_000, text => said.push(text));
  for (const text of ["1", "2", "3"]) latest.note(text);
  expect(said).toEqual(["1"]);
  await clock.advance(1_000);
  expect(said).toEqual(["1", "3"]);
  await clock.advance(5_000);
  latest.note("4");
  expect(said).toEqual(["1", "3", "4"]);
});

it("says nothing any more once it is over", async () => {
  const clock = new SimClock();
  const said: string[] = [];
  const latest = new Latest(clock, 1_000, text => said.push(text));
  latest.note("1");
  latest.note("2");
  latest.forget();
  await clock.advance(5_000);
  expect(said).toEqual(["1"]);
});
