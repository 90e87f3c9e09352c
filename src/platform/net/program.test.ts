import { expect, it } from "vitest";
import { runProgram } from "./program.ts";

it("ends a program that nobody waits for any more", async () => {
  const giveUp = new AbortController();
  const run = runProgram("sh", ["-c", "kill -STOP $$"], "", giveUp.signal);
  giveUp.abort();
  await expect(run).rejects.toMatchObject({ code: "cancelled" });
});

it("does not start one for nobody", async () => {
  await expect(runProgram("no such program", [], "", AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
});
