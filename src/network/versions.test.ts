import { expect, it } from "vitest";
import { settle } from "../sim/clock.ts";
import { Versions, waiterLimit } from "./versions.ts";

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

it("gives up the longest waits when nothing comes in force for long", async () => {
  const versions = new Versions();
  const answers: boolean[] = [];
  const wait = (): void => void versions.next().then(inForce => answers.push(inForce));
  for (let at = 0; at < waiterLimit + 5; at += 1) wait();
  await settle();
  expect(answers).toEqual(Array.from({ length: 5 }, () => false));
  versions.reach(versions.latest);
  await settle();
  expect(answers.filter(Boolean)).toHaveLength(waiterLimit);
});
