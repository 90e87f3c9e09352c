import { describe, expect, it } from "vitest";
import { hear, lone, said } from "./lone.test-kit.ts";
import type { Message, VoteRequest } from "./message.ts";

function request(from: bigint, term: bigint, rest: Partial<VoteRequest> = {}): VoteRequest {
  const end = { lastIndex: 3n, lastTerm: 1n, transfer: false, commitIndex: 0n, commitTerm: 0n };
  return { type: "vote-request", stage: "vote", from, to: 1n, term, ...end, ...rest };
}

const answers = (messages: readonly Message[]) => {
  return messages.flatMap(message =>
    message.type === "vote-reply" ? [[message.to, message.term, message.granted]] : [],
  );
};

/** Node 1 with three entries of term 1, in term 1. */
const follower = () => lone({ log: [1, 1, 1] });

describe("a vote", () => {
  it("is given to the first who asks, again to the same, and to nobody else in that term", () => {
    const host = follower();
    expect(answers(hear(host, request(2n, 2n)))).toEqual([[2n, 2n, true]]);
    expect(answers(hear(host, request(3n, 2n)))).toEqual([[3n, 2n, false]]);
    expect(answers(hear(host, request(2n, 2n)))).toEqual([[2n, 2n, true]]);
    expect(answers(hear(host, request(3n, 3n)))).toEqual([[3n, 3n, true]]);
  });

  it("outlives a leader of its term", () => {
    const host = follower();
    hear(host, request(2n, 2n));
    hear(host, { type: "heartbeat", from: 2n, to: 1n, term: 2n, commit: 0n, context: new Uint8Array() });
    host.node.unreachable(2n);
    expect(answers(hear(host, request(3n, 2n)))).toEqual([[3n, 2n, false]]);
  });

  it("outlives a restart", () => {
    const host = follower();
    hear(host, request(2n, 2n));
    host.crash();
    host.start();
    expect(answers(hear(host, request(3n, 2n)))).toEqual([[3n, 2n, false]]);
    expect(answers(hear(host, request(2n, 2n)))).toEqual([[2n, 2n, true]]);
  });

  it("is said only once it is durable", () => {
    const host = follower();
    host.node.receive(request(2n, 2n));
    host.pump();
    expect(host.outgoing).toEqual([]);
    expect(host.sync()).toBe(true);
    expect(answers(host.outgoing)).toEqual([[2n, 2n, true]]);
    expect(host.durable.hardState).toMatchObject({ term: 2n, vote: 2n });
  });

  it("is not given to a log that ends earlier", () => {
    for (const [lastIndex, lastTerm, granted] of [
      [2n, 1n, false],
      [3n, 1n, true],
      [9n, 0n, false],
      [1n, 2n, true],
    ] as const)
      expect(answers(hear(follower(), request(2n, 2n, { lastIndex, lastTerm })))).toEqual([[2n, 2n, granted]]);
  });

  it("is refused in an earlier term, with the later one", () => {
    const host = lone({ log: [1, 1, 1], hardState: { term: 5n } });
    expect(answers(hear(host, request(2n, 4n)))).toEqual([[2n, 5n, false]]);
  });

  it("is not even thought of while a leader is heard, unless that leader wants it", () => {
    const host = follower();
    hear(host, { type: "heartbeat", from: 3n, to: 1n, term: 2n, commit: 0n, context: new Uint8Array() });
    expect(hear(host, request(2n, 9n))).toEqual([]);
    expect(hear(host, request(2n, 9n, { stage: "pre-vote" }))).toEqual([]);
    expect(host.node.status.term).toBe(2n);
    expect(answers(hear(host, request(2n, 3n, { transfer: true })))).toEqual([[2n, 3n, true]]);
  });

  it("is given by learners and strangers too: the candidate knows who counts", () => {
    const host = lone({ log: [1, 1, 1], configuration: { voters: [2n, 3n], learners: [1n] } });
    expect(answers(hear(host, request(2n, 2n)))).toEqual([[2n, 2n, true]]);
  });
});

describe("a trial vote", () => {
  it("changes nothing, and can be given to several", () => {
    const host = follower();
    expect(answers(hear(host, request(2n, 2n, { stage: "pre-vote" })))).toEqual([[2n, 2n, true]]);
    expect(answers(hear(host, request(3n, 2n, { stage: "pre-vote" })))).toEqual([[3n, 2n, true]]);
    expect(host.node.status).toMatchObject({ term: 1n, vote: 0n });
    expect(answers(hear(host, request(3n, 2n, { stage: "pre-vote", lastIndex: 2n })))).toEqual([[3n, 1n, false]]);
  });

  it("makes the one stand back that comes second: by its log, then by its id", () => {
    for (const [id, lastIndex, role] of [
      [1n, 3n, "pre-candidate"],
      [1n, 4n, "follower"],
      [9n, 3n, "follower"],
    ] as const) {
      const host = lone({ id, configuration: { voters: [1n, 2n, 9n] }, log: [1, 1, 1] });
      host.node.campaign();
      hear(host, { ...request(2n, 2n, { stage: "pre-vote", lastIndex }), to: id });
      expect(host.node.status.role).toBe(role);
    }
  });
});

describe("a candidate", () => {
  const reply = (term: bigint, stage: "vote" | "pre-vote", granted = true): Message => {
    return { type: "vote-reply", from: 2n, to: 1n, term, stage, granted, commitIndex: 0n, commitTerm: 0n };
  };

  it("asks for trial votes first, for votes when those suffice, and leads when they do", () => {
    const host = follower();
    host.node.campaign();
    expect(said(host)).toMatchObject([
      { type: "vote-request", stage: "pre-vote", to: 2n, term: 2n, lastIndex: 3n, lastTerm: 1n },
      { type: "vote-request", stage: "pre-vote", to: 3n, term: 2n },
    ]);
    expect(host.node.status).toMatchObject({ role: "pre-candidate", term: 1n, vote: 0n });
    expect(hear(host, reply(2n, "pre-vote"))).toMatchObject([
      { stage: "vote", to: 2n, term: 2n },
      { stage: "vote", to: 3n },
    ]);
    expect(host.node.status).toMatchObject({ role: "candidate", term: 2n, vote: 1n });
    expect(hear(host, reply(2n, "vote"))).toMatchObject([
      { type: "append", to: 2n, prevIndex: 3n },
      { type: "append", to: 3n },
    ]);
    expect(host.node.status).toMatchObject({ role: "leader", leader: 1n, lastIndex: 4n });
  });

  it("asks for votes only once its own is durable, and counts it only then", () => {
    const host = follower();
    host.node.campaign();
    said(host);
    host.node.receive(reply(2n, "pre-vote"));
    host.pump();
    expect(host.outgoing).toEqual([]);
    host.sync();
    expect(host.outgoing).toMatchObject([{ stage: "vote" }, { stage: "vote" }]);
  });

  it("leads alone as soon as its own vote is durable", () => {
    const host = lone({ configuration: { voters: [1n] } });
    host.node.campaign();
    host.pump();
    expect(host.node.status.role).toBe("candidate");
    host.sync();
    expect(host.node.status.role).toBe("leader");
  });

  it("does not count trial votes as votes", () => {
    const host = follower();
    host.node.campaign();
    hear(host, reply(2n, "pre-vote"), reply(2n, "pre-vote"));
    expect(host.node.status.role).toBe("candidate");
  });

  it("does not wait for the dead when all others have answered and the vote is split, but for another winner", () => {
    const from = (id: bigint, message: Message): Message => ({ ...message, from: id }) as Message;
    const voters = [1n, 2n, 3n, 4n, 5n];
    for (const [refusing, role] of [
      [[4n], "candidate"],
      [[3n, 4n, 5n], "follower"],
    ] as const) {
      const host = lone({ log: [1, 1, 1], configuration: { voters }, options: { random: () => 0.99 } });
      host.node.campaign();
      hear(host, reply(2n, "pre-vote"), from(4n, reply(2n, "pre-vote")), reply(2n, "vote"));
      for (const id of refusing) hear(host, from(id, reply(2n, "vote", false)));
      expect(host.node.status).toMatchObject({ role, term: 2n });
      for (let tick = 0; tick < 2; tick++) host.node.tick();
      expect(host.node.status.role).toBe(role);
      for (let tick = 0; tick < 2; tick++) host.node.tick();
      expect(host.node.status).toMatchObject({ role: "pre-candidate", term: 2n });
    }
  });

  it("gives up when it cannot win any more, and when it hears a leader or a later term", () => {
    const lost = lone({ configuration: { voters: [1n, 2n] } });
    lost.node.campaign();
    hear(lost, reply(0n, "pre-vote", false));
    expect(lost.node.status.role).toBe("follower");
    const late = follower();
    late.node.campaign();
    hear(late, reply(7n, "pre-vote", false));
    expect(late.node.status).toMatchObject({ role: "follower", term: 7n });
    const led = follower();
    led.node.campaign();
    hear(led, { type: "heartbeat", from: 3n, to: 1n, term: 1n, commit: 0n, context: new Uint8Array() });
    expect(led.node.status).toMatchObject({ role: "follower", leader: 3n });
  });

  it("is nobody who is no voter, or who has not applied the membership it knows to be committed", () => {
    const learner = lone({ configuration: { voters: [2n, 3n], learners: [1n] } });
    learner.node.campaign();
    expect(said(learner)).toEqual([]);
    const host = lone();
    host.found([1n, 2n, 3n]);
    host.node.campaign();
    expect(host.node.status.role).toBe("follower");
    said(host);
    host.node.campaign();
    expect(host.node.status.role).toBe("pre-candidate");
  });

  it("asks again whoever has not answered, at the interval of heartbeats, with the same request", () => {
    const host = lone({ log: [1, 1, 1], options: { heartbeatTicks: 2 } });
    const asked = (): unknown[] =>
      said(host).flatMap(m => (m.type === "vote-request" ? [[m.stage, m.to, m.term]] : []));
    const tick = (times: number): void => {
      for (let time = 0; time < times; time++) host.node.tick();
    };
    host.node.campaign();
    asked();
    tick(1);
    expect(asked()).toEqual([]);
    tick(1);
    expect(asked()).toEqual([
      ["pre-vote", 2n, 2n],
      ["pre-vote", 3n, 2n],
    ]);
    hear(host, { ...reply(1n, "pre-vote", false), from: 3n } as Message);
    tick(2);
    expect(asked()).toEqual([["pre-vote", 2n, 2n]]);
    hear(host, reply(2n, "pre-vote"));
    tick(2);
    expect(asked()).toEqual([
      ["vote", 2n, 2n],
      ["vote", 3n, 2n],
    ]);
  });

  it("does not take trial votes of an earlier trial for those of this one", () => {
    const host = follower();
    host.node.campaign();
    hear(host, { type: "heartbeat", from: 3n, to: 1n, term: 2n, commit: 0n, context: new Uint8Array() });
    host.node.unreachable(3n);
    hear(host, reply(2n, "pre-vote"));
    expect(host.node.status).toMatchObject({ role: "pre-candidate", term: 2n });
    hear(host, reply(3n, "pre-vote"));
    expect(host.node.status).toMatchObject({ role: "candidate", term: 3n });
  });

  it("does not lead before it has applied the membership that it learns to be committed with the votes", () => {
    for (const [kind, role] of [
      ["update", "leader"],
      ["remove", "follower"],
    ] as const) {
      const host = lone({ log: [1] });
      const change = { transition: "auto", changes: [{ kind, id: 1n }], tag: 0n, context: new Uint8Array() } as const;
      const entries = [{ index: 2n, term: 1n, kind: "config", change }] as const;
      hear(host, { type: "append", from: 2n, to: 1n, term: 1n, prevIndex: 1n, prevTerm: 1n, entries, commit: 0n });
      host.node.unreachable(2n);
      hear(host, reply(2n, "pre-vote"));
      host.node.receive({ ...reply(2n, "vote"), commitIndex: 2n, commitTerm: 1n } as Message);
      expect(host.node.status).toMatchObject({ role: "candidate", committed: 2n });
      said(host);
      expect(host.node.status.role).toBe(role);
    }
  });

  it("tells how far the log is committed, and learns it from who knows more", () => {
    const host = lone({ log: [1, 1, 1], hardState: { commit: 1n } });
    const [answer] = hear(host, request(2n, 2n, { commitIndex: 2n, commitTerm: 1n, lastTerm: 0n }));
    expect(answer).toMatchObject({ granted: false, commitIndex: 2n, commitTerm: 1n });
    expect(host.node.status.committed).toBe(2n);
    hear(host, { ...reply(2n, "vote"), commitIndex: 3n, commitTerm: 9n } as Message);
    expect(host.node.status.committed).toBe(2n);
    hear(host, { ...reply(2n, "vote"), commitIndex: 3n, commitTerm: 1n } as Message);
    expect(host.node.status.committed).toBe(3n);
  });
});
