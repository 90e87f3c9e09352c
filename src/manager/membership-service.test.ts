import { beforeEach, describe, expect, it } from "vitest";
import type { MemberStatus } from "../consensus/member.ts";
import { silentLogger } from "../ports/log.ts";
import type { CallContext, Caller, Handlers } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { sampleNode } from "../sim/samples.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { SimNetwork } from "../sim/transport.ts";
import type { RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { healthService } from "./health.ts";
import { memberAddress } from "./member-address.ts";
import { membershipService } from "./membership-service.ts";

describe("the address of a member", () => {
  it.each([
    ["10.0.0.2:2377", "10.0.0.9", "10.0.0.2:2377"],
    ["manager-2.example:2377", "", "manager-2.example:2377"],
    ["[fd00::2]:2377", "10.0.0.9", "[fd00::2]:2377"],
    ["0.0.0.0:2377", "10.0.0.9", "10.0.0.9:2377"],
    ["[::]:2378", "fd00::9", "[fd00::9]:2378"],
  ])("%s from %s is %s", (stated, from, expected) => expect(memberAddress(stated, from)).toBe(expected));

  it.each([
    ["", "10.0.0.9"],
    ["10.0.0.2", "10.0.0.9"],
    [":2377", "10.0.0.9"],
    ["10.0.0.2:0", "10.0.0.9"],
    ["10.0.0.2:99999", "10.0.0.9"],
    ["http://10.0.0.2:2377", "10.0.0.9"],
    ["0.0.0.0:2377", ""],
  ])("is not to be had from %j of a caller at %j", (stated, from) =>
    expect(() => memberAddress(stated, from)).toThrow(expect.objectContaining({ code: "invalid_argument" })),
  );
});

const address = "10.0.0.2:2377";
const joiner: Caller = { nodeId: "m2", role: "manager", clusterId: "c" };
const context = (caller: Caller | undefined = joiner): CallContext => ({
  caller,
  peerAddress: "10.0.0.2",
  signal: new AbortController().signal,
});

describe("a leader that is asked for membership", () => {
  let clock: SimClock;
  let network: SimNetwork;
  let store: SimStore;
  let members: MemberStatus[];
  let asked: string[];
  let hasLog: boolean;
  let service: Handlers<typeof RaftMembership>;

  const status = (nodeId: string, raftId: bigint, change: Partial<MemberStatus> = {}): MemberStatus => {
    return { nodeId, raftId, address: `${nodeId}:2377`, isLeader: false, isReachable: true, isVoter: true, ...change };
  };
  const want = (nodeId: string, desiredRole: NodeRole) => {
    const node = sampleNode(nodeId);
    return store.update(tx => tx.node.create({ ...node, spec: { ...node.spec, desiredRole } }));
  };
  const answering = () => network.transport("10.0.0.2", joiner).listen(address, [healthService(() => hasLog)]);
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    work.catch(() => {});
    await clock.advance(6_000);
    return work;
  };

  beforeEach(async () => {
    clock = new SimClock();
    network = new SimNetwork({ clock });
    store = newSimStore({ clock });
    members = [status("m1", 1n, { isLeader: true })];
    asked = [];
    hasLog = false;
    service = membershipService({
      store,
      transport: network.transport("10.0.0.1", { ...joiner, nodeId: "m1" }),
      log: silentLogger,
      consensus: {
        get members() {
          return members;
        },
        removedRaftIds: [9n],
        addMember: async (nodeId, at, { isBlank } = {}) => {
          asked.push(`add ${isBlank ? "blank " : ""}${nodeId} at ${at}`);
          const member = status(nodeId, 2n, { address: at });
          members = [...members, member];
          return member;
        },
        removeMember: async nodeId => {
          asked.push(`remove ${nodeId}`);
        },
      },
    });
    await want("m2", NodeRole.MANAGER);
  });

  it("lets in who answers at its address, and says who the others are", async () => {
    await answering();
    const answer = await settled(
      service.join({ $typeName: "docker.swarmkit.v1.JoinRequest", addr: "0.0.0.0:2377" }, context()),
    );
    expect(asked).toEqual([`add blank m2 at ${address}`]);
    expect(answer).toMatchObject({
      raftId: 2n,
      members: [
        { raftId: 1n, nodeId: "m1" },
        { raftId: 2n, nodeId: "m2", addr: address },
      ],
      removedMembers: [9n],
    });
  });

  const join = (addr = address, caller: Caller | undefined = joiner) =>
    settled(service.join({ $typeName: "docker.swarmkit.v1.JoinRequest", addr }, context(caller)));

  it("knows who has a log by what it says itself: such a one has moved", async () => {
    hasLog = true;
    await answering();
    await join();
    expect(asked).toEqual([`add m2 at ${address}`]);
  });

  it("refuses who does not answer, or never", async () => {
    await expect(join()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(address),
    });
    await answering();
    network.partition("10.0.0.1", "10.0.0.2");
    await expect(join()).rejects.toMatchObject({ code: "failed_precondition" });
    expect(asked).toEqual([]);
  });

  it("refuses who is not to be a manager, is no node, or has no address", async () => {
    await answering();
    await want("w", NodeRole.WORKER);
    for (const nodeId of ["w", "unknown"])
      await expect(join(address, { ...joiner, nodeId })).rejects.toMatchObject({ code: "permission_denied" });
    await expect(join("nowhere")).rejects.toMatchObject({ code: "invalid_argument" });
    expect(asked).toEqual([]);
  });

  it("refuses who was demoted while it was looked at", async () => {
    await answering();
    network.delay("10.0.0.1", "10.0.0.2", 100);
    const joining = service.join({ $typeName: "docker.swarmkit.v1.JoinRequest", addr: address }, context());
    await store.update(tx => {
      const node = tx.node.get("m2")!;
      tx.node.update({ ...node, spec: { ...node.spec, desiredRole: NodeRole.WORKER } });
    });
    await expect(settled(joining)).rejects.toMatchObject({ code: "permission_denied" });
    expect(asked).toEqual([]);
  });

  const leave = (node: { nodeId?: string; raftId?: bigint }) =>
    service.leave(
      {
        $typeName: "docker.swarmkit.v1.LeaveRequest",
        node: { $typeName: "docker.swarmkit.v1.RaftMember", nodeId: "", raftId: 0n, addr: "", ...node },
      },
      context(),
    );

  it("lets members go for themselves alone, however they name themselves", async () => {
    members.push(status("m2", 2n));
    await expect(leave({ nodeId: "m1" })).rejects.toMatchObject({ code: "permission_denied" });
    await leave({ raftId: 2n });
    await leave({ nodeId: "m2" });
    await leave({ nodeId: "m7" });
    expect(asked).toEqual(["remove m2", "remove m2"]);
  });
});
