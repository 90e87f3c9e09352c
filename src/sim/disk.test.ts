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

it("throws away for good what a sync failed to write, although it can still be read", async () => {
  const disk = new SimDisk();
  const file = await disk.openAppend("/log");
  await file.append([Buffer.from("kept ")]);
  await file.sync();
  await file.append([Buffer.from("lost ")]);
  disk.forgetsFailedSyncs = true;
  disk.failNext("sync", "data_loss");
  await expect(file.sync()).rejects.toMatchObject({ code: "data_loss" });
  await file.append([Buffer.from("after")]);
  await file.sync();
  expect(String(Buffer.from((await disk.read("/log"))!))).toBe("kept lost after");
  disk.crash(new SimRandom(1));
  expect(String(Buffer.from((await disk.read("/log"))!))).toBe("kept \0\0\0\0\0after");
});

it("takes nothing more while it is full, half of what did not fit excepted", async () => {
  const disk = new SimDisk();
  const file = await disk.openAppend("/log");
  disk.isFull = true;
  await expect(file.append([new Uint8Array(10)])).rejects.toMatchObject({ code: "resource_exhausted" });
  await expect(disk.replace("/other", new Uint8Array(1))).rejects.toMatchObject({ code: "resource_exhausted" });
  await file.truncate(0);
  disk.repair();
  await file.append([new Uint8Array(10)]);
  expect([file.size, await disk.read("/other")]).toEqual([10, undefined]);
});
