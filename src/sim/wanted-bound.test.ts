import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import { ServiceSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState, UpdateConfig_UpdateOrder as UpdateOrder } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { sampleService, sampleTask } from "./samples.ts";
import { newSimStore, type SimStore } from "./store.ts";
import { WantedBound } from "./wanted-bound.ts";

let store: SimStore;
let problems: string[];
/** Whether events are lost now. */
let unheard = false;

function service(replicas: number, parallelism?: number): Service {
  const made = sampleService("s", "web");
  const update = parallelism !== undefined && { order: UpdateOrder.START_FIRST, parallelism: BigInt(parallelism) };
  const init = create(ServiceSpecSchema, {
    mode: { case: "replicated", value: { replicas: BigInt(replicas) } },
    ...(update && { update }),
  });
  return { ...made, spec: { ...made.spec, ...(init.update && { update: init.update }), mode: init.mode } };
}

const put = (next: Service): Promise<void> =>
  store.update(tx => {
    const { meta } = tx.service.get("s") ?? next;
    if (tx.service.get("s")) tx.service.update({ ...next, meta });
    else tx.service.create(next);
  });

const add = (...ids: string[]): Promise<void> =>
  store.update(tx => {
    for (const id of ids) tx.task.create(sampleTask(id, service(1), { slot: 1n }));
  });

const stop = (id: string): Promise<void> =>
  store.update(tx => void tx.task.update({ ...tx.task.get(id)!, desiredState: TaskState.SHUTDOWN }));

/** Something else happens, so that the transaction before is looked at. */
const look = (): Promise<void> => store.update(tx => void tx.service.create(sampleService(`other${store.version}`)));

beforeEach(() => {
  store = newSimStore();
  problems = [];
  const bound = new WantedBound(problem => problems.push(problem));
  store.onCommit(events => {
    if (!unheard) for (const event of events) bound.see(event);
  });
});

it("takes no offence at as many as there may be, nor at what a transaction does in between", async () => {
  await put(service(1, 1));
  await add("a", "b");
  await store.update(tx => {
    tx.task.create(sampleTask("c", service(1), { slot: 1n }));
    tx.task.update({ ...tx.task.get("a")!, desiredState: TaskState.SHUTDOWN });
  });
  await look();
  expect(problems).toEqual([]);
});

it.each<[string, Service, number]>([
  ["stop-first", service(1), 1],
  ["start-first", service(2, 1), 3],
  ["start-first with all at once", service(2, 0), 4],
])("says when there are more: %s", async (_, of, bound) => {
  await put(of);
  await add(...Array.from({ length: bound }, (_, i) => `t${i}`));
  await look();
  expect(problems).toEqual([]);
  await add("last");
  await look();
  expect(problems).toEqual([
    expect.stringContaining(`web has ${bound + 1} wanted tasks at 4, and may have ${bound}: 1 t0, `),
  ]);
});

it("allows what was there before the spec asked for less, and no more", async () => {
  await put(service(4));
  await add("a", "b", "c", "d");
  await put(service(1));
  await stop("a");
  await look();
  expect(problems).toEqual([]);
  await add("e");
  await look();
  expect(problems).toEqual(["web has 4 wanted tasks at 6, and may have 1: 1 b, 1 c, 1 d, 1 e"]);
});

it("allows what it heard of before it heard of the service", async () => {
  await put(service(4));
  const late = new WantedBound(problem => problems.push(problem));
  store.onCommit(events => {
    for (const event of events) late.see(event);
  });
  await add("a", "b", "c", "d");
  await put(service(1));
  await look();
  expect(problems).toEqual([]);
});

it("counts anew where events are missing", async () => {
  await put(service(1));
  await add("a");
  unheard = true;
  await stop("a");
  unheard = false;
  await put(service(1));
  await add("b");
  await look();
  expect(problems).toEqual([]);
});
