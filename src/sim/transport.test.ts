import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { type Handlers, register } from "../ports/transport.ts";
import { Dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { LogBroker } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { SimClock, settle } from "./clock.ts";
import { SimNetwork } from "./transport.ts";

const caller = { nodeId: "node1", role: "worker", clusterId: "c" } as const;
const unused = async (): Promise<never> => {
  throw new Fault("unimplemented", "unused");
};

/** A manager at M:2377 whose handlers the test gives, and node1 calling from W. */
async function world(handlers: Partial<Handlers<typeof Dispatcher>> & Partial<Handlers<typeof LogBroker>>) {
  const clock = new SimClock();
  const network = new SimNetwork({
    clock,
    authorize: (_service, method, who) => {
      if (method === "UpdateVolumeStatus") throw new Fault("permission_denied", `not for ${who?.nodeId}`);
    },
  });
  const none = async function* (): AsyncGenerator<never, void> {};
  const listener = await network.transport("M").listen("M:2377", [
    register(Dispatcher, {
      session: none,
      heartbeat: unused,
      updateTaskStatus: unused,
      updateVolumeStatus: unused,
      tasks: none,
      assignments: none,
      ...handlers,
    }),
    register(LogBroker, { listenSubscriptions: none, publishLogs: unused, ...handlers }),
  ]);
  const connection = network.transport("W", caller).connect("M:2377");
  return { clock, network, listener, connection, client: connection.client(Dispatcher) };
}

/** What became of a promise so far. */
function watch(work: Promise<unknown>): { readonly outcome: () => string } {
  let outcome = "pending";
  work.then(
    () => {
      outcome = "done";
    },
    (error: unknown) => {
      outcome = error instanceof Fault ? error.code : String(error);
    },
  );
  return { outcome: () => outcome };
}

describe("the simulated network", () => {
  it("carries a call with the caller's identity and address", async () => {
    const seen: unknown[] = [];
    const { client } = await world({
      heartbeat: async (request, context) => {
        seen.push(request.sessionId, context.caller, context.peerAddress);
        return { period: { seconds: 5n } };
      },
    });
    const answer = await client.heartbeat({ sessionId: "s" });
    expect(answer.period?.seconds).toBe(5n);
    expect(seen).toEqual(["s", caller, "W"]);
  });

  it("carries faults with code and text", async () => {
    const { client, network } = await world({});
    await expect(client.heartbeat({})).rejects.toMatchObject({ code: "unimplemented", message: "unused" });
    await expect(client.updateVolumeStatus({})).rejects.toMatchObject({ code: "permission_denied" });
    const nobody = network.transport("W", caller).connect("X:1").client(Dispatcher);
    await expect(nobody.heartbeat({})).rejects.toMatchObject({ code: "unavailable" });
  });

  it("takes as long as it is told to, and keeps deadlines", async () => {
    const { client, network, clock } = await world({ heartbeat: async () => ({}) });
    network.delay("M", "W", 30);
    const slow = watch(client.heartbeat({}));
    const late = watch(client.heartbeat({}, { timeoutMs: 40 }));
    await clock.advance(59);
    expect([slow.outcome(), late.outcome()]).toEqual(["pending", "deadline_exceeded"]);
    await clock.advance(1);
    expect(slow.outcome()).toBe("done");
  });

  it("holds everything back in a partition, and breaks it after the keepalive time", async () => {
    const { client, network, clock } = await world({ heartbeat: async () => ({}) });
    network.partition("M", "W");
    const healed = watch(client.heartbeat({}));
    await clock.advance(9_999);
    expect(healed.outcome()).toBe("pending");
    network.heal("M", "W");
    await clock.advance(0);
    expect(healed.outcome()).toBe("done");
    network.partition("W", "M");
    const broken = watch(client.heartbeat({}));
    await clock.advance(10_000);
    expect(broken.outcome()).toBe("unavailable");
  });

  it("can be silent one way: what is asked is done, and no answer comes", async () => {
    let asked = 0;
    const { client, network, clock } = await world({
      heartbeat: async () => {
        asked++;
        return {};
      },
    });
    network.partitionOneWay("M", "W");
    const call = watch(client.heartbeat({}));
    await clock.advance(9_999);
    expect([asked, call.outcome()]).toEqual([1, "pending"]);
    await clock.advance(1);
    expect(call.outcome()).toBe("unavailable");
    network.heal("M", "W");
    network.partitionOneWay("W", "M");
    const other = watch(client.heartbeat({}));
    await clock.advance(5_000);
    expect([asked, other.outcome()]).toEqual([1, "pending"]);
    network.heal("W", "M");
    await clock.advance(0);
    expect([asked, other.outcome()]).toEqual([2, "done"]);
  });

  it("stays silent until everything that made it so is over", async () => {
    const { client, network, clock } = await world({ heartbeat: async () => ({}) });
    network.partition("M", "W");
    network.partition("M", "W", "paused");
    const call = watch(client.heartbeat({}));
    network.heal("M", "W");
    await clock.advance(10);
    expect(call.outcome()).toBe("pending");
    network.heal("M", "W", "paused");
    await clock.advance(0);
    expect(call.outcome()).toBe("done");
  });

  it("delivers in order what was under way or sent when it went silent, with jitter too", async () => {
    const seen: string[] = [];
    const { client, network, clock } = await world({
      heartbeat: async ({ sessionId }) => {
        seen.push(sessionId);
        return {};
      },
    });
    network.delay("M", "W", 5, 50);
    const names = Array.from({ length: 30 }, (_, i) => `${i}`);
    for (const [i, sessionId] of names.entries()) {
      void client.heartbeat({ sessionId });
      await clock.advance(3);
      if (i === 10) network.partition("M", "W");
      if (i === 20) network.heal("M", "W");
    }
    await clock.advance(200);
    expect(seen).toEqual(names);
  });

  it("loses calls and answers in bad weather, and lets calls overtake each other, but never within a stream", async () => {
    const seen: string[] = [];
    const streamed: string[] = [];
    const { client, connection, network, clock } = await world({
      heartbeat: async ({ sessionId }) => {
        seen.push(sessionId);
        return {};
      },
      publishLogs: async requests => {
        for await (const { subscriptionId } of requests) streamed.push(subscriptionId);
        return {};
      },
    });
    network.weather = { lostCalls: 0.2, lostAnswers: 0.2, lateMs: 100, noticedMs: 500 };
    const names = Array.from({ length: 100 }, (_, i) => `${i}`);
    const calls = names.map(sessionId => ({ sessionId, call: watch(client.heartbeat({ sessionId })) }));
    const stream = watch(
      connection.client(LogBroker).publishLogs(
        (async function* () {
          for (const subscriptionId of names) yield { subscriptionId };
        })(),
      ),
    );
    await clock.advance(1_000);
    expect([stream.outcome(), streamed]).toEqual(["done", names]);
    const answered = calls.filter(({ call }) => call.outcome() === "done").map(({ sessionId }) => sessionId);
    const broken = calls.filter(({ call }) => call.outcome() === "unavailable");
    expect(answered.length + broken.length).toBe(100);
    expect(seen).toEqual(expect.arrayContaining(answered));
    // Lost on the way there, lost on the way back, and out of order.
    expect(seen.length).toBeLessThan(95);
    expect(seen.length).toBeGreaterThan(answered.length + 5);
    expect(seen).not.toEqual([...seen].sort((a, b) => Number(a) - Number(b)));
    expect([network.calls, clock.pending]).toEqual([0, 0]);
  });

  it("streams with back-pressure, and stops the server when the reader leaves", async () => {
    let made = 0;
    let left = false;
    const { client } = await world({
      async *session() {
        try {
          for (;;) yield { sessionId: String(made++) };
        } finally {
          left = true;
        }
      },
    });
    const seen: string[] = [];
    for await (const message of client.session({})) {
      seen.push(message.sessionId);
      await settle();
      expect(made).toBeLessThan(40);
      if (seen.length === 3) break;
    }
    await settle();
    expect(seen).toEqual(["0", "1", "2"]);
    expect(left).toBe(true);
  });

  it("streams requests, and lets the server end early", async () => {
    const seen: string[] = [];
    const { connection } = await world({
      publishLogs: async requests => {
        for await (const request of requests) {
          seen.push(request.subscriptionId);
          if (seen.length === 2) break;
        }
        return {};
      },
    });
    await connection.client(LogBroker).publishLogs(
      (async function* () {
        for (let count = 0; ; count++) yield { subscriptionId: String(count) };
      })(),
    );
    expect(seen).toEqual(["0", "1"]);
  });

  it.each(["cut", "disconnect", "close"] as const)("tells both ends when connections break: %s", async how => {
    let aborted = false;
    const { client, network, listener } = await world({
      async *session(_request, context) {
        yield { sessionId: "s" };
        await new Promise<void>(resolve => context.signal.addEventListener("abort", () => resolve()));
        aborted = true;
      },
    });
    const stream = client.session({})[Symbol.asyncIterator]();
    await stream.next();
    if (how === "cut") network.cut("W", "M");
    else if (how === "disconnect") listener.disconnect("node1");
    else await listener.close();
    await expect(stream.next()).rejects.toMatchObject({ code: "unavailable" });
    await settle();
    expect(aborted).toBe(true);
  });
});
