import { expect, it } from "vitest";
import { humanDuration } from "./human-duration.ts";

it.each<[number, string]>([
  [500, "Less than a second"],
  [1500, "1 second"],
  [59_000, "59 seconds"],
  [61_000, "About a minute"],
  [5 * 60_000, "5 minutes"],
  [80 * 60_000, "About an hour"],
  [5 * 3_600_000, "5 hours"],
  [3 * 86_400_000, "3 days"],
  [21 * 86_400_000, "3 weeks"],
  [90 * 86_400_000, "3 months"],
  [800 * 86_400_000, "2 years"],
])("%i ms: %s", (ms, text) => expect(humanDuration(ms)).toBe(text));
