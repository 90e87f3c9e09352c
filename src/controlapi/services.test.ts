import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { sampleService, sampleTask } from "../sim/samples.ts";
import { type ServiceSpec, ServiceSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  JobStatusSchema,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";
import { countTasks } from "./service-statuses.ts";

describe("getService", () => {
  it("finds by full id alone", async () => {
    const { api, store } = newApi();
    const stored = await store.update(tx => tx.service.create(sampleService("abc", "web")));
    expect((await api.getService({ serviceId: "abc" })).service).toBe(stored);
    for (const serviceId of ["ab", "web"])
      await expect(api.getService({ serviceId })).rejects.toEqual(fault("not_found", `service ${serviceId} not found`));
    await expect(api.getService({ serviceId: "" })).rejects.toEqual(invalid("invalid argument"));
  });

  it("fills in defaults when asked to, in the answer alone", async () => {
    const { api, store } = newApi();
    const stored = await store.update(tx => tx.service.create(sampleService("s")));
    const { service } = await api.getService({ serviceId: "s", insertDefaults: true });
    const update = { parallelism: 1n, failureAction: FailureAction.PAUSE, monitor: { seconds: 5n } };
    expect(service?.spec).toMatchObject({
      task: {
        runtime: {
          value: { image: "shoal/whoami", stopGracePeriod: { seconds: 10n }, pullOptions: {}, dnsConfig: {} },
        },
        restart: { condition: 2, delay: { seconds: 5n }, maxAttempts: 0n },
        resources: {},
        placement: {},
      },
      update,
      rollback: update,
    });
    expect(store.view(tx => tx.service.get("s"))).toBe(stored);
  });

  it("keeps what the spec says", async () => {
    const { api, store } = newApi();
    const sample = sampleService("s");
    const given = create(ServiceSpecSchema, {
      update: { parallelism: 0n },
      task: { restart: { condition: 0 }, runtime: { case: "container", value: { stopGracePeriod: toDuration(2000) } } },
    });
    const spec = { ...sample.spec, ...(given.update && { update: given.update }), task: given.task! };
    await store.update(tx => tx.service.create({ ...sample, spec }));
    const { service } = await api.getService({ serviceId: "s", insertDefaults: true });
    expect(service?.spec).toMatchObject({
      update: { parallelism: 0n, monitor: { seconds: 5n } },
      task: {
        restart: { condition: 0, delay: { seconds: 5n } },
        runtime: { value: { stopGracePeriod: { seconds: 2n } } },
      },
    });
  });
});

describe("listServices", () => {
  it.each<[string, object, string[]]>([
    ["nothing", {}, ["a1", "a2", "b1"]],
    ["names", { names: ["web", "none"] }, ["a1"]],
    ["a name in other letters", { names: ["WEB"] }, []],
    ["a prefix of a name", { namePrefixes: ["web"] }, ["a1", "a2"]],
    ["prefixes of ids", { idPrefixes: ["a", "a1"] }, ["a1", "a2"]],
    ["a name and an id", { names: ["web"], idPrefixes: ["b"] }, []],
    ["a label's key", { labels: { tier: "" } }, ["a1", "b1"]],
    ["a label's value", { labels: { tier: "front" } }, ["a1"]],
    ["a label that every object has", { labels: { constructor: "" } }, []],
    ["two labels", { labels: { tier: "", zone: "x" } }, ["b1"]],
    ["a runtime", { runtimes: ["container"] }, ["a1", "a2", "b1"]],
    ["another runtime", { runtimes: ["plugin"] }, []],
  ])("by %s", async (_, filters, expected) => {
    const { api, store } = newApi();
    const labelled = (id: string, name: string, labels: Record<string, string>) => {
      const sample = sampleService(id, name);
      return { ...sample, spec: { ...sample.spec, annotations: { ...sample.spec.annotations, labels } } };
    };
    await store.update(tx => {
      tx.service.create(labelled("a1", "web", { tier: "front" }));
      tx.service.create(labelled("a2", "web2", {}));
      tx.service.create(labelled("b1", "db", { tier: "back", zone: "x" }));
    });
    const { services } = await api.listServices({ filters });
    expect(services.map(({ id }) => id).sort()).toEqual(expected);
  });

  it("without filters", async () => {
    const { api, store } = newApi();
    await store.update(tx => tx.service.create(sampleService("a")));
    expect((await api.listServices({})).services).toHaveLength(1);
  });
});

describe("removeService", () => {
  it("removes the service and leaves its tasks to the loops", async () => {
    const { api, store } = newApi();
    const service = sampleService("s");
    await store.update(tx => {
      tx.service.create(service);
      tx.task.create(sampleTask("t", service));
    });
    await api.removeService({ serviceId: "s" });
    expect(store.view(tx => [tx.service.size, tx.task.size])).toEqual([0, 1]);
    await expect(api.removeService({ serviceId: "s" })).rejects.toEqual(fault("not_found", "service s not found"));
    await expect(api.removeService({ serviceId: "" })).rejects.toEqual(invalid("invalid argument"));
  });
});

describe("service statuses", () => {
  const { RUNNING, COMPLETE, FAILED, SHUTDOWN, PREPARING } = TaskState;
  const inMode = (mode: ServiceSpec["mode"], iteration?: bigint): Service => {
    const sample = sampleService("s");
    const jobStatus =
      iteration === undefined ? {} : { jobStatus: create(JobStatusSchema, { jobIteration: { index: iteration } }) };
    return { ...sample, spec: { ...sample.spec, mode }, ...jobStatus };
  };
  const { mode: replicated } = create(ServiceSpecSchema, { mode: { case: "replicated", value: { replicas: 3n } } });
  const { mode: global } = create(ServiceSpecSchema, { mode: { case: "global", value: {} } });
  const { mode: job } = create(ServiceSpecSchema, {
    mode: { case: "replicatedJob", value: { maxConcurrent: 2n, totalCompletions: 9n } },
  });
  const { mode: globalJob } = create(ServiceSpecSchema, { mode: { case: "globalJob", value: {} } });
  let count = 0;
  const task = (state: TaskState, desiredState: TaskState, iteration?: bigint): Task =>
    sampleTask(`t${count++}`, undefined, {
      status: { state },
      desiredState,
      ...(iteration === undefined ? {} : { jobIteration: { index: iteration } }),
    });

  it.each<[string, Service | undefined, Task[], [bigint, bigint, bigint]]>([
    [
      "replicated",
      inMode(replicated),
      [task(RUNNING, RUNNING), task(PREPARING, RUNNING), task(FAILED, SHUTDOWN)],
      [3n, 1n, 0n],
    ],
    ["still stopping", inMode(replicated), [task(RUNNING, SHUTDOWN)], [3n, 1n, 0n]],
    [
      "global",
      inMode(global),
      [task(RUNNING, RUNNING), task(PREPARING, RUNNING), task(RUNNING, SHUTDOWN)],
      [2n, 2n, 0n],
    ],
    [
      "a job",
      inMode(job, 1n),
      [
        task(COMPLETE, COMPLETE, 1n),
        task(RUNNING, COMPLETE, 1n),
        task(COMPLETE, COMPLETE, 0n),
        task(RUNNING, COMPLETE),
      ],
      [2n, 1n, 1n],
    ],
    [
      "a global job",
      inMode(globalJob, 0n),
      [task(COMPLETE, COMPLETE, 0n), task(RUNNING, COMPLETE, 0n), task(PREPARING, COMPLETE, 0n)],
      [2n, 1n, 1n],
    ],
    ["gone", undefined, [task(RUNNING, RUNNING)], [0n, 1n, 0n]],
  ])("of a service that is %s", (_, service, tasks, [desiredTasks, runningTasks, completedTasks]) => {
    expect(countTasks(service, tasks)).toEqual({ desiredTasks, runningTasks, completedTasks });
  });

  it("are given for every service asked for", async () => {
    const { api, store } = newApi();
    const service = sampleService("s");
    await store.update(tx => {
      tx.service.create(service);
      tx.task.create(sampleTask("t", service, { status: { state: RUNNING } }));
    });
    const { statuses } = await api.listServiceStatuses({ services: ["s", "gone"] });
    expect(statuses).toMatchObject([
      { serviceId: "s", desiredTasks: 1n, runningTasks: 1n },
      { serviceId: "gone", desiredTasks: 0n, runningTasks: 0n },
    ]);
  });
});
