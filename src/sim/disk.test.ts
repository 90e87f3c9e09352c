import { expect, it } from "vitest";
import { diskContract } from "../ports/disk.test-kit.ts";
import { SimDisk } from "./disk.ts";
import { SimRandom } from "./random.ts";

diskContract("the simulated disk", async () => ({ disk: new SimDisk(), directory: "/d" }));

it("never loses what was synced, and sometimes what was not", async () => {
  const sizes = new Set<number>();
  for (let seed = 1; seed <= 50; seed++) {
    const disk = new SimDisk();
    const file = await disk.openAppend("/log");
    await file.append([new Uint8Array(10).fill(1)]);
    await file.sync();
    await file.append([new Uint8Array(10).fill(2)]);
    disk.crash(new SimRandom(seed));
    const left = (await disk.read("/log")) ?? new Uint8Array(0);
    expect([...left.subarray(0, 10)]).toEqual(Array(10).fill(1));
    sizes.add(left.length);
    await expect(file.append([new Uint8Array(1)])).rejects.toThrow("crashed");
  }
  expect(sizes.size).toBeGreaterThan(5);
});
