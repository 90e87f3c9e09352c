import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import type { Outcome, Run } from "./program.ts";
import { RulesTransactions } from "./rules-transactions.ts";

/** A program that ends when it is told to. */
class HeldUp {
  resolve!: (outcome: Outcome) => void;
  reject!: (fault: Fault) => void;
  readonly run: Run;

  constructor(pid: number) {
    const outcome = new Promise<Outcome>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.run = { command: "nft -f -", pid, outcome };
  }
}

async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.then(() => {
    over = true;
  });
  await setImmediate();
  return over;
}

describe("a transaction of rules", () => {
  const ours = "# new generation 812 by process 42 (nft)";

  it("is in force as soon as the kernel tells of it, before its program has ended", async () => {
    const { run } = new HeldUp(42);
    const transactions = new RulesTransactions(async () => run, true);
    const inForce = transactions.run("…");
    expect(await isOver(inForce)).toBe(false);
    for (const other of ["# new generation 811 by process 421 (nft)", "# new generation 811", "add table inet x 42"])
      transactions.read(other);
    expect(await isOver(inForce)).toBe(false);
    expect(transactions.read(ours)).toBe(true);
    expect(await isOver(inForce)).toBe(true);
  });

  it("is in force when its program has ended well, where nobody tells of it", async () => {
    const program = new HeldUp(42);
    const transactions = new RulesTransactions(async () => program.run, false);
    const inForce = transactions.run("…");
    await setImmediate();
    transactions.read(ours);
    expect(await isOver(inForce)).toBe(false);
    program.resolve({ code: 0, stdout: "", stderr: "" });
    expect(await isOver(inForce)).toBe(true);
  });

  it("fails with its program", async () => {
    const refused = new HeldUp(42);
    refused.resolve({ code: 1, stdout: "", stderr: "Error: syntax error" });
    const transactions = new RulesTransactions(async () => refused.run, true);
    await expect(transactions.run("…")).rejects.toMatchObject({ message: "nft -f -: Error: syntax error" });
    const lost = new HeldUp(43);
    lost.reject(new Fault("unavailable", "nft did not end within 30 s"));
    await expect(new RulesTransactions(async () => lost.run, true).run("…")).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});
