import { expect, it } from "vitest";
import { Derived } from "./derived.ts";

it("works out once what depends on the same, and anew what depends on anything else", () => {
  const derived = new Derived<object, string>();
  const [one, other, input] = [{}, {}, {}];
  let times = 0;
  const of = (object: object, ...inputs: unknown[]): string =>
    derived.of(object, inputs, () => {
      times += 1;
      return String(times);
    });
  expect([of(one, input, 1), of(one, input, 1)]).toEqual(["1", "1"]);
  expect([of(other, input, 1), of(one, input, 1)]).toEqual(["2", "1"]);
  expect([of(one, {}, 1), of(one, input, 2), of(one, input), of(one, input)]).toEqual(["3", "4", "5", "5"]);
});
