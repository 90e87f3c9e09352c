import { beforeEach, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { silentLogger } from "../ports/log.ts";
import { type Connection, type Handlers, register } from "../ports/transport.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { SimNetwork } from "../sim/transport.ts";
import { NetworkFeed } from "../wire/gen/shoal/v1/network_pb.ts";
import { Departures } from "./departures.ts";
import { followFeed } from "./feed.ts";

const manager = "10.0.0.1:2377";
const never = new AbortController().signal;

let clock: SimClock;
let connection: Connection;
let departures: Departures;
let hasLeft: boolean;
/** What the manager was asked, and how it answers. */
let asked: string[];
let answer: () => Promise<object>;

beforeEach(async () => {
  clock = new SimClock();
  asked = [];
  hasLeft = false;
  const network = new SimNetwork({ clock });
  const handlers: Handlers<typeof NetworkFeed> = {
    async *watch() {
      yield { confirm: 1n };
      yield { confirm: 0n };
      yield { confirm: 2n };
      await new Promise(() => {});
    },
    async confirm({ number }) {
      asked.push(`confirm ${number}`);
      return {};
    },
    departure({ taskId }) {
      asked.push(`departure ${taskId}`);
      return answer();
    },
  };
  await network.transport("10.0.0.1").listen(manager, [register(NetworkFeed, handlers)]);
  const caller = { nodeId: "n2", role: "worker", clusterId: "cluster" } as const;
  connection = network.transport("10.0.0.2", caller).connect(manager);
  departures = new Departures({ clock, random: new SimRandom(1) });
});

async function leave(): Promise<void> {
  void departures.left("task1", never).then(() => {
    hasLeft = true;
  });
  await clock.advance(100);
}

it("waits until the managers say that all nodes know", async () => {
  let known = (): void => {};
  answer = () =>
    new Promise(resolve => {
      known = () => resolve({});
    });
  departures.follow(connection, "session");
  await leave();
  await clock.advance(5_000);
  expect(hasLeft).toBe(false);
  known();
  await clock.advance(100);
  expect(hasLeft).toBe(true);
  expect(asked).toEqual(["departure task1"]);
});

it("asks again when the leader is another one meanwhile", async () => {
  answer = () => Promise.reject(new Fault("unavailable", "dispatcher is stopped"));
  departures.follow(connection, "session");
  await leave();
  expect(hasLeft).toBe(false);
  answer = async () => ({});
  await clock.advance(3_000);
  expect(hasLeft).toBe(true);
});

it("holds up a stop for ten seconds at most", async () => {
  answer = () => new Promise(() => {});
  departures.follow(connection, "session");
  await leave();
  await clock.advance(9_000);
  expect(hasLeft).toBe(false);
  await clock.advance(3_000);
  expect(hasLeft).toBe(true);
});

it.each([
  ["nobody can be asked", false],
  ["the leader is a stock engine", true],
])("does not wait where %s", async (_, isFollowed) => {
  answer = () => Promise.reject(new Fault("unimplemented", "unknown service"));
  if (isFollowed) departures.follow(connection, "session");
  await leave();
  expect(hasLeft).toBe(true);
});

it("confirms what it is asked to, and once that is in force", async () => {
  const inForce: ((isSo: boolean) => void)[] = [];
  const stop = new AbortController();
  void followFeed(connection, "session", stop.signal, {
    receive: () => new Promise(resolve => void inForce.push(resolve)),
    unserved: () => {},
    clock,
    random: new SimRandom(1),
    log: silentLogger,
  });
  await clock.advance(100);
  expect(asked).toEqual([]);
  inForce[0]?.(true);
  inForce[1]?.(true);
  await clock.advance(100);
  expect(asked).toEqual(["confirm 1"]);
  inForce[2]?.(true);
  await clock.advance(100);
  expect(asked).toEqual(["confirm 1", "confirm 2"]);
  stop.abort();
  await settle();
});
