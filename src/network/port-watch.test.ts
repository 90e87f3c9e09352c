import { beforeEach, expect, it } from "vitest";
import type { LogFields, Logger } from "../ports/log.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimNetOps } from "../sim/net-ops.ts";
import { SimNetProbes } from "../sim/net-probes.ts";
import { type PlaneParts, planeOf, twoTasks, web } from "./plane.test-kit.ts";
import { PortWatch } from "./port-watch.ts";

const nginx = { protocol: "tcp", port: 8080, address: "*", program: "nginx (process 3)" } as const;

let clock: SimClock;
let probes: SimNetProbes;
let plane: PlaneParts;
let logged: string[];
let watch: PortWatch;
let told: string[];

const tell = async (conflicts: readonly { readonly port: number }[]): Promise<void> => {
  told.push(conflicts.map(({ port }) => port).join());
};

beforeEach(() => {
  clock = new SimClock();
  probes = new SimNetProbes(new SimNetOps());
  plane = twoTasks;
  logged = [];
  told = [];
  const note = (text: string, fields?: LogFields): void => void logged.push(`${text} ${JSON.stringify(fields)}`);
  const log: Logger = { ...silentLogger, info: note, warn: note };
  watch = new PortWatch({ probes, plane: () => planeOf(plane), clock, log });
});

it("tells what there is, then every change, and logs each once", async () => {
  const over = new AbortController();
  void watch.follow(tell, over.signal);
  await settle();
  expect(told).toEqual([""]);
  probes.listening.push(nginx);
  await clock.advance(10_000);
  await clock.advance(10_000);
  expect(told).toEqual(["", "8080"]);
  probes.listening.length = 0;
  await clock.advance(10_000);
  expect(told).toEqual(["", "8080", ""]);
  expect(logged).toEqual([
    'something else listens on a published port: calls go to the service {"port":"8080/tcp","service":"web","program":"nginx (process 3)"}',
    'nothing else listens on a published port any more {"port":"8080/tcp"}',
  ]);
  over.abort();
});

it("looks at once when other ports are published, and only then", async () => {
  probes.listening.push({ ...nginx, port: 9090 });
  const over = new AbortController();
  void watch.follow(tell, over.signal);
  await settle();
  plane = { ...twoTasks, services: [{ ...web, ports: [{ ...web.ports[0]!, publishedPort: 9090 }] }] };
  watch.changed();
  await settle();
  expect(told).toEqual(["", "9090"]);
  over.abort();
});

it("tells a new session everything anew, without logging it again", async () => {
  probes.listening.push(nginx);
  for (let session = 0; session < 2; session += 1) {
    const over = new AbortController();
    const following = watch.follow(tell, over.signal);
    await settle();
    over.abort();
    await following;
  }
  expect(told).toEqual(["8080", "8080"]);
  expect(logged).toHaveLength(1);
});
