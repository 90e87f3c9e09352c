import { expect, it } from "vitest";
import { onAbort } from "../lib/bell.ts";
import { Fault, type FaultCode } from "../lib/fault.ts";
import { silentLogger } from "../ports/log.ts";
import type { NetOps } from "../ports/net-ops.ts";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { DriftWatch } from "./drift-watch.ts";

/** A machine whose networks' changes are told by programs that can be killed. */
class Machine implements Pick<NetOps, "watch"> {
  /** Whether somebody has changed something that nobody has looked at. */
  isChanged = false;
  /** How often the programs were begun. */
  starts = 0;
  #programs: { readonly tell: () => void; readonly die: (fault: Fault) => void } | undefined;
  /** They are killed as soon as they are begun. */
  isBroken = false;

  watch(_prefixes: readonly string[], changed: (part: "links") => void, signal: AbortSignal): Promise<void> {
    this.starts += 1;
    return new Promise((resolve, reject) => {
      const unhook = onAbort(signal, resolve);
      const die = (fault: Fault): void => {
        unhook();
        this.#programs = undefined;
        reject(fault);
      };
      this.#programs = { tell: () => changed("links"), die };
      if (this.isBroken) this.kill();
    });
  }

  change(): void {
    this.isChanged = true;
    this.#programs?.tell();
  }

  kill(code: FaultCode = "unavailable"): void {
    this.#programs?.die(new Fault(code, "killed"));
  }
}

function watched(machine: Machine): { clock: SimClock; watch: DriftWatch } {
  const clock = new SimClock();
  const watch = new DriftWatch({
    ...{ ops: machine, prefixes: ["sb"], clock, random: new SimRandom(1), log: silentLogger },
    onDrift: async () => {
      machine.isChanged = false;
      return 10;
    },
  });
  watch.start();
  return { clock, watch };
}

it("has what changed looked at within a second, also where that kills the program that tells of changes", async () => {
  const machine = new Machine();
  const { clock, watch } = watched(machine);
  for (let round = 0; round < 10; round++) {
    await clock.advance(6_000);
    machine.change();
    await clock.advance(1_000);
    expect(machine.isChanged).toBe(false);
    machine.kill();
    machine.change();
    await clock.advance(1_000);
    expect(machine.isChanged).toBe(false);
  }
  await watch.stop();
});

it("tries less and less often where that does not last, and not at all where it cannot be", async () => {
  const machine = new Machine();
  machine.isBroken = true;
  const { clock, watch } = watched(machine);
  await clock.advance(1_000);
  expect(machine.starts).toBeLessThan(6);
  await clock.advance(600_000);
  expect(machine.starts).toBeLessThan(35);
  expect(machine.starts).toBeGreaterThan(15);
  machine.isBroken = false;
  await clock.advance(120_000);
  machine.change();
  await clock.advance(1_000);
  expect(machine.isChanged).toBe(false);
  const { starts } = machine;
  machine.kill("failed_precondition");
  await clock.advance(600_000);
  expect(machine.starts).toBe(starts);
  await watch.stop();
});
