import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { lockDataRoot } from "./data-root-lock.ts";

const directory = mkdtempSync(join(tmpdir(), "shoal-lock-"));

afterAll(() => rmSync(directory, { recursive: true }));

it("lets one daemon at a time own a data root", async () => {
  const first = await lockDataRoot(directory);
  await expect(lockDataRoot(directory)).rejects.toMatchObject({ code: "failed_precondition" });
  await first.release();
  const second = await lockDataRoot(directory);
  await second.release();
});

it("takes over what a killed daemon left", async () => {
  writeFileSync(join(directory, "owner.sock"), "");
  const lock = await lockDataRoot(directory);
  await lock.release();
});
