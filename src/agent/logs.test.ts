import { beforeEach, describe, expect, it } from "vitest";
import { managerAddress, managerHost } from "../dispatcher/dispatcher.test-kit.ts";
import { asFault } from "../lib/fault.ts";
import { toNanos } from "../model/time.ts";
import {
  LogBroker as LogBrokerService,
  type LogMessage,
  type SubscriptionMessage,
} from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { SwarmWorld } from "./agent.test-kit.ts";

interface Asked {
  readonly selector?: { serviceIds?: string[]; taskIds?: string[]; nodeIds?: string[] };
  readonly options?: { follow?: boolean; tail?: bigint };
}

/** A reader of logs in the background: its lines like "task: text", and how the stream ended. */
class LogReader {
  readonly lines: string[] = [];
  readonly messages: LogMessage[] = [];
  ended: string | undefined;
  readonly #abort = new AbortController();

  constructor(world: SwarmWorld, asked: Asked) {
    void this.#read(world, asked);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #read(world: SwarmWorld, asked: Asked): Promise<void> {
    try {
      for await (const { messages } of world.logs().subscribeLogs(asked, { signal: this.#abort.signal })) {
        this.messages.push(...messages);
        for (const { context, data } of messages)
          this.lines.push(`${context?.taskId}: ${Buffer.from(data).toString().trim()}`);
      }
      this.ended = "end";
    } catch (error) {
      const { code, message } = asFault(error);
      this.ended = `${code}: ${message}`;
    }
  }
}

const service = { selector: { serviceIds: ["web"] } };
const incomplete = "warning: incomplete log stream. some logs could not be retrieved for the following reasons: ";
/** Longer than lines are held for the sake of order. */
const heldMs = 1_000;

let world: SwarmWorld;

beforeEach(async () => {
  world = new SwarmWorld();
  await world.start(["n1", "n2"]);
});

async function twoNodes() {
  const one = world.worker("n1");
  const two = world.worker("n2");
  for (const { machine } of [one, two]) {
    machine.images.set("says", { stdout: ["first", "second"] });
  }
  await world.assign("a", "n1", { image: "says", serviceId: "web" });
  await world.assign("b", "n2", { image: "says", serviceId: "web" });
  await world.assign("other", "n2", { image: "says", serviceId: "other" });
  await world.settle();
  return { one, two };
}

describe("logs of a service", () => {
  it("come from all its nodes, with context, and end", async () => {
    await twoNodes();
    const reader = new LogReader(world, service);
    await world.settle();
    expect(reader.lines.toSorted()).toEqual(["a: first", "a: second", "b: first", "b: second"]);
    expect(reader.ended).toBe("end");
    const times = reader.messages.map(({ timestamp }) => toNanos(timestamp));
    expect(times).toEqual(times.toSorted((left, right) => Number(left - right)));
    const [message] = reader.messages.filter(each => each.context?.taskId === "b");
    expect(message).toMatchObject({ context: { serviceId: "web", nodeId: "n2", taskId: "b" }, stream: 1 });
    expect(Number(message?.timestamp?.seconds)).toBeGreaterThan(1_700_000_000);
  });

  it("can be its last lines only", async () => {
    await twoNodes();
    const reader = new LogReader(world, { ...service, options: { tail: -2n } });
    await world.settle();
    expect(reader.lines.toSorted()).toEqual(["a: second", "b: second"]);
  });

  it("can be followed, over new lines, new tasks and new nodes, until the reader leaves", async () => {
    const one = world.worker("n1");
    const two = world.worker("n2");
    await world.assign("a", "n1", { serviceId: "web" });
    await world.settle();
    const reader = new LogReader(world, { ...service, options: { follow: true } });
    await world.settle();
    one.machine.print("a", "stdout", "hello");
    await world.settle();
    expect(reader.lines).toEqual(["a: hello"]);
    await world.assign("b", "n2", { serviceId: "web" });
    await world.assign("c", "n1", { serviceId: "web" });
    await world.settle();
    two.machine.print("b", "stderr", "from two");
    await world.clock.advance(1);
    one.machine.print("c", "stdout", "and one");
    await world.clock.advance(heldMs);
    expect(reader.lines).toEqual(["a: hello", "b: from two", "c: and one"]);
    one.machine.exit("a", 0);
    await world.settle();
    expect(reader.ended).toBeUndefined();
    reader.stop();
    await world.settle();
    one.machine.print("c", "stdout", "to nobody");
    await world.settle();
    expect(reader.lines).toHaveLength(3);
  });

  it("are those of ended tasks too, as long as the task is remembered", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("job", { stdout: ["done"], exit: { afterMs: 10, code: 1 } });
    await world.assign("a", "n1", { image: "job", serviceId: "web" });
    await world.settle();
    const reader = new LogReader(world, service);
    await world.settle();
    expect([reader.lines, reader.ended]).toEqual([["a: done"], "end"]);
  });

  it("come in the order of their times, whatever node and task they are of", async () => {
    const [one, two] = [world.worker("n1"), world.worker("n2")];
    for (const [id, node] of [
      ["a", "n1"],
      ["b", "n2"],
      ["c", "n1"],
    ] as const)
      await world.assign(id, node, { serviceId: "web" });
    await world.settle();
    const said = ["a: 0", "b: 1", "c: 2", "b: 3", "a: 4", "c: 5", "b: 6"];
    for (const line of said) {
      const [id = "", text = ""] = line.split(": ");
      (id === "b" ? two : one).machine.print(id, "stdout", text);
      await world.clock.advance(10);
    }
    const [ended, followed] = [
      new LogReader(world, service),
      new LogReader(world, { ...service, options: { follow: true } }),
    ];
    await world.clock.advance(heldMs);
    expect([ended.lines, followed.lines]).toEqual([said, said]);
  });

  it("are whole of tasks that come while they are followed, whatever tail was asked for", async () => {
    const { machine } = world.worker("n1");
    world.worker("n2").machine.images.set("says", { stdout: ["one", "two", "three"] });
    machine.images.set("says", { stdout: ["one", "two", "three"] });
    await world.assign("a", "n1", { image: "says", serviceId: "web" });
    await world.settle();
    const reader = new LogReader(world, { ...service, options: { follow: true, tail: -2n } });
    await world.settle();
    await world.assign("b", "n1", { image: "says", serviceId: "web" });
    await world.assign("c", "n2", { image: "says", serviceId: "web" });
    await world.clock.advance(heldMs);
    const all = (id: string) => ["one", "two", "three"].map(text => `${id}: ${text}`);
    expect(reader.lines.toSorted()).toEqual([...["a: three"], ...all("b"), ...all("c")].toSorted());
  });

  it("say what is missing: nodes that are not there, tasks that are on none", async () => {
    await twoNodes();
    await world.assign("waiting", "", { serviceId: "web" });
    world.network.partition("n2", managerHost);
    await world.clock.advance(30_000);
    const reader = new LogReader(world, service);
    await world.settle();
    const waiting = `waiting: ${incomplete}task waiting has not been scheduled`;
    expect(reader.lines).toEqual(["a: first", "a: second", waiting, `b: ${incomplete}node n2 is not available`]);
    expect(reader.messages.map(({ stream }) => stream)).toEqual([1, 1, 2, 2]);
    expect(reader.ended).toBe("end");
    const follower = new LogReader(world, { ...service, options: { follow: true } });
    await world.clock.advance(heldMs);
    expect(follower.lines).toContain(`b: ${incomplete}node n2 is not available`);
    const nowhere = new LogReader(world, { selector: { nodeIds: ["n3"] } });
    await world.settle();
    expect(nowhere.ended).toBe(`unknown: ${incomplete}node n3 is not available`);
  });

  it("do not hang when a node goes away in the middle", async () => {
    const { two } = await twoNodes();
    world.network.delay("n2", managerHost, 2_000);
    const reader = new LogReader(world, { selector: { taskIds: ["b"] } });
    await world.clock.advance(100);
    await world.stop(two);
    await world.clock.advance(30_000);
    expect(reader.lines.at(-1)).toBe(`b: ${incomplete}node n2 disconnected unexpectedly`);
    expect(reader.ended).toBe("end");
  });

  it("are not repeated when a followed node comes back", async () => {
    const { one } = await twoNodes();
    await world.assign("c", "n1", { serviceId: "web" });
    await world.settle();
    const reader = new LogReader(world, { selector: { nodeIds: ["n1"] }, options: { follow: true, tail: -2n } });
    await world.clock.advance(heldMs);
    one.machine.print("c", "stdout", "newer");
    await world.clock.advance(heldMs);
    world.network.cut("n1", managerHost);
    one.machine.print("a", "stdout", "while away");
    await world.clock.advance(1_000);
    one.machine.print("a", "stdout", "later");
    await world.clock.advance(heldMs);
    expect(reader.lines).toEqual(["a: second", "c: newer", "a: while away", "a: later"]);
  });

  it("wait for a slow reader instead of piling up", async () => {
    const { machine } = world.worker("n1");
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
    machine.images.set("talks", { stdout: lines });
    await world.assign("a", "n1", { image: "talks", serviceId: "web" });
    await world.settle();
    const stream = world.logs().subscribeLogs(service)[Symbol.asyncIterator]();
    const first = await stream.next();
    await world.settle();
    expect(machine.operations).toContain("logs a");
    let count = first.done ? 0 : first.value.messages.length;
    for (let next = await stream.next(); !next.done; next = await stream.next()) count += next.value.messages.length;
    expect(count).toBe(20_000);
  });

  it("need to be asked for by something", async () => {
    const reader = new LogReader(world, { selector: {} });
    await world.settle();
    expect(reader.ended).toBe("invalid_argument: log selector must be provided");
  });

  it("end with unavailable when the manager no longer leads", async () => {
    await twoNodes();
    const reader = new LogReader(world, { ...service, options: { follow: true } });
    await world.settle();
    await world.stopLeading();
    await world.settle();
    expect(reader.ended).toMatch(/^unavailable/);
  });
});

describe("a node that publishes logs", () => {
  /** A node that speaks for itself, without an agent; it has heard of one subscription to all of the service. */
  async function publisher() {
    await twoNodes();
    await world.store.update(tx => tx.task.update({ ...tx.task.get("a")!, nodeId: "rogue" }));
    const caller = { nodeId: "rogue", role: "worker", clusterId: "cluster" } as const;
    const client = world.network.transport("rogue", caller).connect(managerAddress).client(LogBrokerService);
    const heard: SubscriptionMessage[] = [];
    void (async () => {
      for await (const message of client.listenSubscriptions({})) heard.push(message);
    })();
    await world.settle();
    const reader = new LogReader(world, service);
    await world.clock.advance(0);
    const subscriptionId = heard[0]!.id;
    const publish = (context: { taskId: string; nodeId: string; serviceId: string }, id = subscriptionId) =>
      client.publishLogs(
        (async function* () {
          yield { subscriptionId: id, messages: [{ context, data: Buffer.from("line\n") }] };
          yield { subscriptionId: id, close: true };
        })(),
      );
    return { publish, reader };
  }

  it("may do so for its own tasks", async () => {
    const { publish, reader } = await publisher();
    await publish({ taskId: "a", nodeId: "rogue", serviceId: "web" });
    await world.settle();
    expect(reader.lines).toContain("a: line");
    expect(reader.ended).toBe("end");
  });

  it.each([
    ["another node's task", { taskId: "b", nodeId: "rogue", serviceId: "web" }],
    ["another node", { taskId: "b", nodeId: "n2", serviceId: "web" }],
    ["another service", { taskId: "a", nodeId: "rogue", serviceId: "other" }],
  ])("may not do so for %s", async (_what, context) => {
    const { publish, reader } = await publisher();
    await expect(publish(context)).rejects.toMatchObject({ code: "permission_denied" });
    await world.settle();
    expect(reader.lines).not.toContain(`${context.taskId}: line`);
    expect(reader.lines.at(-1)).toBe(`a: ${incomplete}node rogue disconnected unexpectedly`);
    expect(reader.ended).toBe("end");
  });

  it("may not do so unasked", async () => {
    const { publish } = await publisher();
    const context = { taskId: "a", nodeId: "rogue", serviceId: "web" };
    await expect(publish(context, "made-up")).rejects.toMatchObject({ code: "not_found" });
  });
});
