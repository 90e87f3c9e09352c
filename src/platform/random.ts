import { randomBytes } from "node:crypto";
import type { Random } from "../ports/random.ts";

/** The kernel's random numbers. */
export const systemRandom: Random = {
  bytes: count => randomBytes(count),
  float: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
