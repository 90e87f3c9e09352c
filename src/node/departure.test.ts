import { describe, expect, it } from "vitest";
import { whyManagerStays } from "./departure.ts";

const members = (reachable: number, unreachable: number) => [
  ...Array.from({ length: reachable }, () => ({ isReachable: true })),
  ...Array.from({ length: unreachable }, () => ({ isReachable: false })),
];

describe("why a manager does not leave", () => {
  it.each([
    [1, 0, "Removing the last manager erases all current state of the swarm."],
    [2, 0, "Removing this node leaves 1 managers out of 2. Without a Raft quorum your swarm will be inaccessible. The"],
    [2, 1, "Removing this node leaves 1 managers out of 3. Without a Raft quorum your swarm will be inaccessible. The"],
    [1, 2, "Removing this node leaves 0 managers out of 3. Without a Raft quorum your swarm will be inaccessible. The"],
    [3, 2, "Removing this node leaves 2 managers out of 5. Without a Raft quorum your swarm will be inaccessible. The"],
    [3, 0, "participating as a manager. The only way to restore a swarm that has lost consensus is to reinitialize"],
    [5, 0, "participating as a manager. The only way to restore a swarm that has lost consensus is to reinitialize"],
    [4, 1, "participating as a manager. The only way to restore a swarm that has lost consensus is to reinitialize"],
  ])("with %d reachable managers and %d others", (reachable, unreachable, text) => {
    expect(whyManagerStays(members(reachable, unreachable))).toContain(text);
  });

  it("while it takes part in no quorum", () => {
    expect(whyManagerStays(undefined)).toMatch(
      /as a manager\. Doing so may lose the consensus of your cluster\. The only/,
    );
  });
});
