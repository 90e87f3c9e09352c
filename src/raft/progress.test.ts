import { describe, expect, it } from "vitest";
import { Progress } from "./progress.ts";

const window = { messages: 2, bytes: 100 };

/** A follower of a log of 20 entries whose last 10 the leader has, known to agree up to 10. */
function replicating(): Progress {
  const progress = new Progress(11n, window);
  progress.accepted(10n, 1n);
  return progress;
}

describe("a probed follower", () => {
  it("is sent one append, and another one when it answers or is heard of", () => {
    const progress = new Progress(11n, window);
    expect(progress.hasRoom).toBe(true);
    progress.sent(3, 30, 0n);
    expect([progress.hasRoom, progress.next]).toEqual([false, 11n]);
    progress.heard(20n);
    expect(progress.hasRoom).toBe(true);
  });

  it("replicates from what it accepts", () => {
    const progress = new Progress(11n, window);
    expect(progress.accepted(7n, 1n)).toBe(true);
    expect([progress.state, progress.match, progress.next]).toEqual(["replicate", 7n, 8n]);
    expect(progress.accepted(7n, 1n)).toBe(false);
  });

  // Next, what it is known to hold, what it rejects and its hint; and next afterwards.
  const table: [string, number, number, number, number, number][] = [
    ["one step back without a better hint", 11, 0, 10, 10, 10],
    ["to the hint", 11, 0, 10, 4, 5],
    ["not behind what it holds", 11, 6, 10, 3, 7],
    ["not at all for an old answer", 11, 0, 7, 3, 11],
  ];
  it.each(table)("goes %s", (_, next, match, rejected, hint, after) => {
    const progress = new Progress(BigInt(next), window);
    if (match > 0) {
      progress.accepted(BigInt(match), 1n);
      progress.sent(next - 1 - match, 0, 0n);
      progress.rejected(BigInt(next - 1), BigInt(next - 1));
      expect(progress.state).toBe("probe");
      expect(progress.next).toBe(BigInt(match + 1));
      return;
    }
    progress.rejected(BigInt(rejected), BigInt(hint));
    expect([progress.state, progress.next]).toEqual(["probe", BigInt(after)]);
  });
});

describe("a replicating follower", () => {
  it("is taken to get what is sent, within the window", () => {
    const progress = replicating();
    progress.sent(2, 20, 5n);
    expect([progress.next, progress.hasRoom]).toEqual([13n, true]);
    progress.sent(1, 10, 5n);
    expect([progress.next, progress.hasRoom]).toEqual([14n, false]);
    progress.accepted(12n, 1n);
    expect([progress.match, progress.hasRoom]).toEqual([12n, true]);
  });

  it("is probed from what it holds when something got lost", () => {
    const progress = replicating();
    progress.sent(5, 20, 0n);
    progress.rejected(9n, 3n);
    expect(progress.state).toBe("replicate");
    progress.rejected(15n, 12n);
    expect([progress.state, progress.next]).toEqual(["probe", 11n]);
    const other = replicating();
    other.sent(5, 20, 0n);
    other.unreachable();
    expect([other.state, other.next, other.hasRoom]).toEqual(["probe", 11n, true]);
  });

  it("must be sent something when it is behind and heard of, even with its window full", () => {
    const progress = replicating();
    progress.sent(5, 20, 0n);
    progress.sent(5, 20, 0n);
    expect([progress.hasRoom, progress.isNudged]).toEqual([false, false]);
    progress.heard(20n);
    expect(progress.isNudged).toBe(true);
    progress.sent(0, 0, 0n);
    expect(progress.isNudged).toBe(false);
    progress.accepted(20n, 1n);
    progress.heard(20n);
    expect(progress.isNudged).toBe(false);
  });

  it("is owed the commit index as far as it was sent the log, once", () => {
    const progress = replicating();
    expect(progress.owesCommit(0n)).toBe(false);
    expect(progress.owesCommit(4n)).toBe(true);
    progress.sent(0, 0, 4n);
    expect(progress.owesCommit(4n)).toBe(false);
    expect(progress.owesCommit(15n)).toBe(true);
    progress.sent(0, 0, 15n);
    expect(progress.owesCommit(15n)).toBe(false);
    progress.sent(3, 10, 15n);
    expect(progress.owesCommit(13n)).toBe(false);
    expect(progress.owesCommit(14n)).toBe(false);
  });
});

describe("a follower that gets a snapshot", () => {
  function snapshotted(): Progress {
    const progress = new Progress(11n, window);
    progress.sentSnapshot(30n);
    return progress;
  }

  it("is sent nothing else meanwhile", () => {
    const progress = snapshotted();
    progress.heard(40n);
    expect([progress.state, progress.hasRoom, progress.isNudged, progress.snapshotIndex]).toEqual([
      "snapshot",
      false,
      false,
      30n,
    ]);
    progress.rejected(10n, 2n);
    progress.unreachable();
    progress.accepted(5n, 25n);
    expect(progress.state).toBe("snapshot");
  });

  it("replicates once it has it, or all that the log lacks, even if the log was compacted further", () => {
    for (const [index, firstIndex] of [
      [30n, 25n],
      [27n, 28n],
      [30n, 35n],
    ] as const) {
      const progress = snapshotted();
      progress.accepted(index, firstIndex);
      expect([progress.state, progress.next]).toEqual(["replicate", index + 1n]);
    }
  });

  it("is probed after it when told so, from before it when it failed or nothing is heard, and not at once", () => {
    const delivered = snapshotted();
    delivered.snapshotEnded(true);
    expect([delivered.state, delivered.next, delivered.hasRoom]).toEqual(["probe", 31n, false]);
    delivered.heard(40n);
    expect(delivered.hasRoom).toBe(true);
    const failed = snapshotted();
    failed.snapshotEnded(false);
    expect([failed.state, failed.next]).toEqual(["probe", 1n]);
    const silent = snapshotted();
    for (let tick = 0; tick < 4; tick++) silent.tick(5);
    expect(silent.state).toBe("snapshot");
    silent.tick(5);
    expect([silent.state, silent.next]).toEqual(["probe", 1n]);
  });
});
