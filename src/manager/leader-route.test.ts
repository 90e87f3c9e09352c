import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import { type Leadership, noLeaderText } from "../consensus/leadership.ts";
import { Fault } from "../lib/fault.ts";
import {
  type CallContext,
  type Caller,
  type Client,
  type Handlers,
  type Registration,
  register,
} from "../ports/transport.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimNetwork } from "../sim/transport.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { LogBroker, PublishLogsResponseSchema } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { healthService } from "./health.ts";
import { LeaderLink, lostLeaderMs } from "./leader-link.ts";
import { LeaderRoute, leaderPatienceMs, retryPauseMs } from "./leader-route.ts";
import { LeaderWatch } from "./leader-watch.ts";
import { localClient } from "./local-client.ts";
import { routed } from "./routed-services.ts";

const callerOf = (nodeId: string, role: Caller["role"] = "manager"): Caller => ({ nodeId, role, clusterId: "c" });
const addressOf = (at: number): string => `10.0.0.${at}:2377`;
const leaderAt = (at: number): Leadership => {
  const leader = { raftId: BigInt(at), nodeId: `m${at}`, address: addressOf(at) };
  return { kind: "following", leader };
};
const leading: Leadership = { kind: "leading", term: 1n };
const nobody: Leadership = { kind: "none" };

let clock: SimClock;
let network: SimNetwork;
beforeEach(() => {
  clock = new SimClock();
  network = new SimNetwork({ clock });
});

/** A manager whose services note who called, and answer with who did it. */
class TestManager {
  readonly watch = new LeaderWatch(clock);
  readonly calls: { readonly method: string; readonly context: CallContext }[] = [];
  barriers = 0;
  /** Whether it leads no more, and does not know. */
  isDeposed = false;
  /** What the next calls do instead. */
  failure: (() => Promise<void>) | undefined;
  readonly control: Client<typeof Control>;
  readonly logs: Client<typeof LogBroker>;
  readonly registrations: readonly Registration[];
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
    const transport = network.transport(`10.0.0.${at}`, callerOf(`m${at}`));
    const link = new LeaderLink({ transport, clock, watch: this.watch });
    const route = new LeaderRoute({ watch: this.watch, link, clock });
    const readBarrier = async () => {
      this.barriers += 1;
      if (this.isDeposed) throw new Fault("unavailable", "lost leadership");
    };
    this.registrations = [register(Control, this.#control()), register(LogBroker, this.#logBroker())].map(each =>
      routed(each, { route, readBarrier }),
    );
    const [control, logs] = this.registrations;
    this.control = localClient(Control, control!.handlers as Handlers<typeof Control>, callerOf(`m${at}`));
    this.logs = localClient(LogBroker, logs!.handlers as Handlers<typeof LogBroker>, callerOf("w", "worker"));
  }

  listen() {
    return network
      .transport(`10.0.0.${this.#at}`, callerOf(`m${this.#at}`))
      .listen(addressOf(this.#at), [...this.registrations, healthService(() => true)]);
  }

  #control(): Handlers<typeof Control> {
    const did = async (method: string, context: CallContext) => {
      this.calls.push({ method, context });
      await this.failure?.();
      return {};
    };
    const methods = Control.methods.map(({ localName }) => [
      localName,
      (_: unknown, context: CallContext) => did(localName, context),
    ]);
    return Object.fromEntries(methods) as Handlers<typeof Control>;
  }

  #logBroker(): Handlers<typeof LogBroker> {
    const note = (method: string, context: CallContext) => this.calls.push({ method, context });
    const failure = async () => this.failure?.();
    const at = this.#at;
    return {
      async *listenSubscriptions(_, context) {
        note("listenSubscriptions", context);
        await failure();
        yield { id: `of m${at}` };
        await new Promise(() => {});
      },
      async publishLogs(requests, context) {
        for await (const { subscriptionId } of requests) note(subscriptionId, context);
        return create(PublishLogsResponseSchema);
      },
    };
  }
}

const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "done",
    error => error,
  );
/** What became of the call after at most `ms`. */
async function within(ms: number, call: Promise<unknown>): Promise<unknown> {
  const ended = outcome(call);
  await clock.advance(ms);
  return Promise.race([ended, settle().then(() => "running")]);
}
const fault = (code: string, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) });

describe("a call", () => {
  it("is done here by who leads; reads wait for the barrier", async () => {
    const one = new TestManager(1);
    one.watch.set(leading);
    await one.control.createService({});
    expect(one.barriers).toBe(0);
    await one.control.listServices({});
    await one.control.getNode({});
    expect([one.barriers, one.calls.map(({ method }) => method)]).toEqual([
      2,
      ["createService", "listServices", "getNode"],
    ]);
  });

  it("is passed on to the leader with its caller, whichever way it streams", async () => {
    const [one, two] = [new TestManager(1), new TestManager(2)];
    await two.listen();
    two.watch.set(leading);
    one.watch.set(leaderAt(2));
    expect(await within(1, one.control.createService({}))).toBe("done");
    expect(await within(1, one.control.listServices({}))).toBe("done");
    expect([one.barriers, two.barriers]).toEqual([0, 1]);
    async function* messages() {
      yield { subscriptionId: "a" };
      yield { subscriptionId: "b" };
    }
    expect(await within(1, one.logs.publishLogs(messages()))).toBe("done");
    const stream = one.logs.listenSubscriptions({})[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ id: "of m2" });
    expect(one.calls).toEqual([]);
    expect(two.calls.map(({ method, context }) => [method, context.caller?.nodeId, context.forwardedBy])).toEqual([
      ["createService", "m1", "m1"],
      ["listServices", "m1", "m1"],
      ["a", "w", "m1"],
      ["b", "w", "m1"],
      ["listenSubscriptions", "w", "m1"],
    ]);
  });

  it("is passed on once: who is not the leader either refuses it, and it is brought to who is", async () => {
    const [one, two, three] = [new TestManager(1), new TestManager(2), new TestManager(3)];
    await two.listen();
    await three.listen();
    two.watch.set(leaderAt(3));
    three.watch.set(leading);
    one.watch.set(leaderAt(2));
    const call = one.control.createService({});
    expect(await within(10 * retryPauseMs, call)).toBe("running");
    expect([...two.calls, ...three.calls]).toEqual([]);
    one.watch.set(leaderAt(3));
    expect(await within(1, call)).toBe("done");
    expect(three.calls.length).toBe(1);
  });

  it("waits for an election, and for a leader that is not reached yet", async () => {
    const [one, two] = [new TestManager(1), new TestManager(2)];
    const call = one.control.createService({});
    expect(await within(1_000, call)).toBe("running");
    one.watch.set(leaderAt(2));
    expect(await within(1_000, call)).toBe("running");
    two.watch.set(leading);
    await two.listen();
    expect(await within(2 * retryPauseMs, call)).toBe("done");
    expect(two.calls.length).toBe(1);
  });

  it("fails after its patience with Docker's text, whether nobody leads or the leader is not to be reached", async () => {
    const [one, two] = [new TestManager(1), new TestManager(2)];
    two.watch.set(leaderAt(3));
    const { control } = one;
    for (const call of [
      () => control.createService({}),
      () => control.listServices({}),
      () => two.control.createService({}),
    ]) {
      const begun = clock.monotonic();
      expect(await within(leaderPatienceMs, call())).toEqual(fault("unavailable", noLeaderText));
      expect(clock.monotonic() - begun).toBeLessThan(5_000);
    }
  });

  it("is given up by its caller while it waits", async () => {
    const one = new TestManager(1);
    const controller = new AbortController();
    const call = outcome(one.control.createService({}, { signal: controller.signal }));
    controller.abort();
    expect(await call).toEqual(fault("cancelled", ""));
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it("keeps what the leader answered, whatever its code", async () => {
    const [one, two] = [new TestManager(1), new TestManager(2)];
    await two.listen();
    two.watch.set(leading);
    one.watch.set(leaderAt(2));
    for (const code of ["not_found", "failed_precondition", "unknown"] as const) {
      two.failure = () => Promise.reject(new Fault(code, "no"));
      expect(await within(1, one.control.listServices({}))).toEqual(fault(code, "no"));
    }
    expect(two.calls.length).toBe(3);
  });

  it("that the leader had not begun with is done by the next one", async () => {
    const [one, two, three] = [new TestManager(1), new TestManager(2), new TestManager(3)];
    await two.listen();
    await three.listen();
    two.watch.set(leading);
    two.failure = () => Promise.reject(new Fault("unavailable", noLeaderText));
    three.watch.set(leading);
    one.watch.set(leaderAt(2));
    const call = one.control.createService({});
    await clock.advance(2 * retryPauseMs);
    one.watch.set(leaderAt(3));
    expect(await within(1, call)).toBe("done");
    expect(three.calls.length).toBe(1);
  });
});

describe("a change that is refused", () => {
  let [one, two]: TestManager[] = [];
  const taken = new Fault("already_exists", "the name is taken");
  beforeEach(async () => {
    [one, two] = [new TestManager(1), new TestManager(2)];
    await two!.listen();
    two!.watch.set(leading);
    one!.watch.set(leading);
    one!.failure = () => Promise.reject(taken);
  });

  it("is so because of what the leader knows, as long as it leads", async () => {
    expect(await within(1, one!.control.createService({}))).toBe(taken);
    expect(one!.barriers).toBe(1);
  });

  it("by a leader that was deposed meanwhile is brought to the next one", async () => {
    one!.isDeposed = true;
    const call = one!.control.createService({});
    expect(await within(1, call)).toBe("running");
    one!.watch.set(leaderAt(2));
    expect(await within(1, call)).toBe("done");
    expect(two!.calls.length).toBe(1);
  });
});

describe("a leader that dies in the middle of a call", () => {
  let [one, two, three]: TestManager[] = [];
  beforeEach(async () => {
    [one, two, three] = [new TestManager(1), new TestManager(2), new TestManager(3)];
    await two!.listen();
    await three!.listen();
    two!.watch.set(leading);
    three!.watch.set(leading);
    two!.failure = () => new Promise(() => {});
    one!.watch.set(leaderAt(2));
  });

  it("leaves a read to the next one", async () => {
    const call = one!.control.listServices({});
    expect(await within(1, call)).toBe("running");
    network.kill("10.0.0.2");
    await clock.advance(1);
    one!.watch.set(leaderAt(3));
    expect(await within(1, call)).toBe("done");
  });

  it("leaves a write in doubt, and nobody does it a second time", async () => {
    const call = one!.control.createService({});
    expect(await within(1, call)).toBe("running");
    network.kill("10.0.0.2");
    expect(await within(1, call)).toEqual(fault("unavailable", "not known whether the change was made"));
    one!.watch.set(leaderAt(3));
    await clock.advance(1_000);
    expect(three!.calls).toEqual([]);
  });

  it("before it had been sent a write leaves that to the next one, whether it breaks off or falls silent", async () => {
    for (const end of [() => network.kill("10.0.0.2"), () => network.partition("10.0.0.1", "10.0.0.2")]) {
      await clock.advance(1_000);
      end();
      const call = one!.control.createService({});
      expect(await within(100, call)).toBe("running");
      one!.watch.set(leaderAt(3));
      expect(await within(1, call)).toBe("done");
      one!.watch.set(leaderAt(2));
      await two!.listen().catch(() => {});
    }
    expect([two!.calls.length, three!.calls.length]).toEqual([0, 2]);
  });

  it("is asked for a sign of life before writes alone, and not while it answers", async () => {
    two!.failure = undefined;
    const asked: string[] = [];
    const tapped = new SimNetwork({ clock, tap: method => asked.push(method.localName) });
    network = tapped;
    const [other, leader] = [new TestManager(4), new TestManager(5)];
    await leader.listen();
    leader.watch.set(leading);
    other.watch.set(leaderAt(5));
    await within(1, Promise.all([other.control.createService({}), other.control.createSecret({})]));
    await within(1, other.control.createConfig({}));
    await clock.advance(1_000);
    await within(1, other.control.listServices({}));
    expect(asked).toEqual(["check", "createService", "createSecret", "createConfig", "listServices"]);
  });

  it("is waited for no longer once another one leads, though its connection is silent", async () => {
    const [read, write] = [one!.control.listServices({}), outcome(one!.control.createService({}))];
    await clock.advance(1);
    network.partition("10.0.0.1", "10.0.0.2");
    one!.watch.set(leaderAt(3));
    expect(await within(1, read)).toBe("done");
    expect(await write).toEqual(fault("unavailable", "not known whether"));
  });

  it("is waited for a while when nobody leads, and within 5 s no more", async () => {
    const write = one!.control.createService({});
    await clock.advance(1);
    network.partition("10.0.0.1", "10.0.0.2");
    one!.watch.set(nobody);
    expect(await within(lostLeaderMs - 1, write)).toBe("running");
    expect(await within(1, write)).toEqual(fault("unavailable", "not known whether"));
  });

  it("ends the streams through it, so that agents look for the next one", async () => {
    two!.failure = undefined;
    const stream = one!.logs.listenSubscriptions({})[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ id: "of m2" });
    one!.watch.set(leaderAt(3));
    expect(await within(1, stream.next())).toEqual(fault("unavailable", ""));
  });
});
