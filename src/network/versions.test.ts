import { expect, it } from "vitest";
import { settle } from "../sim/clock.ts";
import { Versions } from "./versions.ts";

it("tells who waits when what they want is in force, and nobody before", async () => {
  const versions = new Versions();
  const reached: string[] = [];
  const want = (name: string): void => void versions.next().then(() => reached.push(name));
  want("first");
  want("second");
  const begun = versions.latest;
  want("third, while a pass is under way");
  versions.reach(begun);
  await settle();
  expect(reached).toEqual(["first", "second"]);
  versions.reach(versions.latest);
  await settle();
  expect(reached).toHaveLength(3);
});
