import fc from "fast-check";
import { expect, it } from "vitest";
import { aService, aTask } from "./objects.test-kit.ts";
import { surplusSlots } from "./scale-down.ts";
import { slotsOf } from "./slot.ts";

it("leaves nodes that differ by one slot at most where they could", () => {
  const service = aService("s");
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }), fc.nat(30), (places, count) => {
      const tasks = places.map((place, i) => aTask(service, `t${i}`, { slot: i + 1, node: `n${place}` }));
      const slots = [...slotsOf(tasks).values()];
      const gone = new Set(surplusSlots(slots, count).map(slot => slot.number));
      expect(gone.size).toBe(Math.min(count, slots.length));
      const [before, after] = [new Map<string, number>(), new Map<string, number>()];
      for (const task of tasks) {
        before.set(task.nodeId, (before.get(task.nodeId) ?? 0) + 1);
        if (!gone.has(task.slot)) after.set(task.nodeId, (after.get(task.nodeId) ?? 0) + 1);
      }
      const most = Math.max(0, ...after.values());
      // A node that gave something up has no less than one below the fullest.
      for (const [node, had] of before)
        if ((after.get(node) ?? 0) < had) expect(after.get(node) ?? 0).toBeGreaterThanOrEqual(most - 1);
    }),
  );
});
