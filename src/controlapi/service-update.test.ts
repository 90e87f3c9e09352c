import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sampleNetwork, sampleSecret, sampleTaskSpec } from "../sim/samples.ts";
import { UpdateServiceRequest_Rollback as Rollback } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Service } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { ServiceSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { UpdateStatus_UpdateState as State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

type SpecInit = Exclude<MessageInitShape<typeof ServiceSpecSchema>, { $typeName: string }>;

const replicas = (count: bigint) => ({ case: "replicated", value: { replicas: count } }) as const;
const specOf = (init: SpecInit = {}): SpecInit => ({
  annotations: { name: "web" },
  task: sampleTaskSpec,
  mode: replicas(1n),
  ...init,
});
const outOfSequence = fault("unknown", "update out of sequence");

async function withService(spec = specOf()) {
  const world = newApi();
  const { service } = await world.api.createService({ spec });
  const id = service!.id;
  let version = service!.meta!.version!;
  const update = async (next: SpecInit, rollback = Rollback.NONE): Promise<Service> => {
    const answer = await world.api.updateService({ serviceId: id, serviceVersion: version, spec: next, rollback });
    version = answer.service!.meta!.version!;
    return answer.service!;
  };
  return { ...world, id, created: service!, update };
}

describe("updateService refuses", () => {
  it("a request without id, version or spec", async () => {
    const { api, id } = await withService();
    const version = { index: 1n };
    for (const request of [
      { serviceVersion: version, spec: specOf() },
      { serviceId: id, spec: specOf() },
      { serviceId: id, serviceVersion: version },
    ])
      await expect(api.updateService(request)).rejects.toEqual(invalid("invalid argument"));
  });

  it("a service that is not there", async () => {
    const { api } = await withService();
    const request = { serviceId: "nope", serviceVersion: { index: 1n }, spec: specOf() };
    await expect(api.updateService(request)).rejects.toEqual(fault("not_found", "service nope not found"));
  });

  it("a version that is not the stored one", async () => {
    const { api, id, store, update } = await withService();
    await update(specOf({ mode: replicas(2n) }));
    const stale = api.updateService({ serviceId: id, serviceVersion: { index: 1n }, spec: specOf() });
    await expect(stale).rejects.toEqual(outOfSequence);
    expect(store.view(tx => tx.service.get(id)?.spec.mode)).toMatchObject({ value: { replicas: 2n } });
  });

  it("a label of Shoal's that cannot be read, and changes nothing", async () => {
    const { id, store, update } = await withService();
    const labelled = specOf({ annotations: { name: "web", labels: { "shoal.drain-seconds": "soon" } } });
    await expect(update(labelled)).rejects.toEqual(
      invalid('label shoal.drain-seconds="soon" cannot be read: it takes seconds from 0 to 3600'),
    );
    expect(store.view(tx => tx.service.get(id)?.spec.annotations.labels)).toEqual({});
  });

  it("one of two updates at the same moment", async () => {
    const { api, id, store } = await withService();
    const request = (count: bigint) => ({
      serviceId: id,
      serviceVersion: { index: 1n },
      spec: specOf({ mode: replicas(count) }),
    });
    const outcomes = await Promise.allSettled([api.updateService(request(2n)), api.updateService(request(3n))]);
    expect(outcomes).toEqual([
      expect.objectContaining({ status: "fulfilled" }),
      { status: "rejected", reason: outOfSequence },
    ]);
    expect(store.version).toBe(2n);
  });

  it.each<[string, SpecInit, unknown]>([
    [
      "another mode",
      specOf({ mode: { case: "global", value: {} } }),
      fault("unimplemented", "service mode change is not allowed"),
    ],
    [
      "another name",
      specOf({ annotations: { name: "other" } }),
      fault("unimplemented", "renaming services is not supported"),
    ],
    [
      "networks outside the task",
      specOf({ networks: [{ target: "net" }] }),
      fault("unimplemented", "networks must be migrated to TaskSpec before being changed"),
    ],
    [
      "an unknown network",
      specOf({ task: { ...sampleTaskSpec, networks: [{ target: "x" }] } }),
      invalid("network x not found"),
    ],
    ["a bad spec", specOf({ task: {} }), invalid("TaskSpec: missing runtime")],
    [
      "another service's port",
      specOf({ endpoint: { ports: [{ publishedPort: 80 }] } }),
      invalid("port '80' is already in use by service 'front' (front) as an ingress port"),
    ],
  ])("%s", async (_, spec, expected) => {
    const { store, update, id, created } = await withService();
    await store.update(tx => {
      tx.network.create(sampleNetwork("net"));
      const web = tx.service.get(id)!;
      const endpoint = {
        ...web.spec.endpoint,
        $typeName: "docker.swarmkit.v1.EndpointSpec" as const,
        mode: 0,
        ports: [port80],
      };
      tx.service.create({
        ...web,
        id: "front",
        spec: { ...web.spec, annotations: { ...web.spec.annotations, name: "front" }, endpoint },
      });
    });
    await expect(update(spec)).rejects.toEqual(expected);
    expect(store.view(tx => tx.service.get(id))).toBe(created);
  });

  const port80 = {
    $typeName: "docker.swarmkit.v1.PortConfig" as const,
    name: "",
    protocol: 0,
    targetPort: 80,
    publishedPort: 80,
    publishMode: 0,
  };
});

describe("updateService", () => {
  it("keeps the previous spec and gives the new one a version of its own", async () => {
    const { created, update } = await withService();
    const second = await update(specOf({ mode: replicas(2n) }));
    expect(second).toMatchObject({
      meta: { version: { index: 2n } },
      spec: { mode: { value: { replicas: 2n } } },
      specVersion: { index: 1n },
      previousSpec: created.spec,
      previousSpecVersion: { index: 0n },
    });
    const third = await update(specOf({ mode: replicas(3n) }));
    expect(third).toMatchObject({
      specVersion: { index: 2n },
      previousSpec: second.spec,
      previousSpecVersion: { index: 1n },
    });
  });

  it("lets a service keep its own port", async () => {
    const endpoint = { ports: [{ publishedPort: 80 }] };
    const { update } = await withService(specOf({ endpoint }));
    const more = { ports: [{ publishedPort: 80 }, { publishedPort: 81 }] };
    expect((await update(specOf({ endpoint: more }))).spec?.endpoint?.ports).toHaveLength(2);
  });

  it("forgets how the last update went", async () => {
    const { store, id, update, api } = await withService();
    await update(specOf({ mode: replicas(2n) }));
    const rolledBack = await update(specOf(), Rollback.PREVIOUS);
    expect(rolledBack.updateStatus?.state).toBe(State.ROLLBACK_STARTED);
    expect((await update(specOf({ mode: replicas(9n) }))).updateStatus).toBeUndefined();
    expect(store.view(tx => tx.service.get(id)?.updateStatus)).toBeUndefined();
    expect((await api.getService({ serviceId: id })).service?.updateStatus).toBeUndefined();
  });

  it("runs a job once more", async () => {
    const job = specOf({ mode: { case: "replicatedJob", value: { totalCompletions: 1n } } });
    const { update, clock } = await withService(job);
    await clock.advance(60_000);
    const again = await update(job);
    expect(again.jobStatus).toMatchObject({
      jobIteration: { index: 1n },
      lastExecution: { seconds: BigInt(clock.now() / 1000) },
    });
  });

  it("runs a job once more as it was before, without a rollback's status", async () => {
    const job = (total: bigint) => specOf({ mode: { case: "replicatedJob", value: { totalCompletions: total } } });
    const { update } = await withService(job(1n));
    await update(job(2n));
    const back = await update(job(2n), Rollback.PREVIOUS);
    expect(back.spec?.mode).toMatchObject({ value: { totalCompletions: 1n } });
    expect(back.jobStatus?.jobIteration?.index).toBe(2n);
    expect(back.updateStatus).toBeUndefined();
  });

  it("moves networks into the task", async () => {
    const { store, update } = await withService();
    await store.update(tx => tx.network.create(sampleNetwork("net")));
    const task = { ...sampleTaskSpec, networks: [{ target: "net" }] };
    expect((await update(specOf({ task }))).spec?.task?.networks).toMatchObject([{ target: "net" }]);
  });
});

describe("a rollback", () => {
  it("needs a previous spec", async () => {
    const { update, id } = await withService();
    const expected = fault("failed_precondition", `service ${id} does not have a previous spec`);
    await expect(update(specOf(), Rollback.PREVIOUS)).rejects.toEqual(expected);
  });

  it("swaps the specs and their versions, and back again", async () => {
    const { update, created, clock } = await withService();
    const second = await update(specOf({ mode: replicas(2n) }));
    const back = await update(specOf({ mode: replicas(77n) }), Rollback.PREVIOUS);
    expect(back).toMatchObject({
      spec: created.spec,
      specVersion: { index: 0n },
      previousSpec: second.spec,
      previousSpecVersion: { index: 1n },
      updateStatus: {
        state: State.ROLLBACK_STARTED,
        message: "manually requested rollback",
        startedAt: { seconds: BigInt(clock.now() / 1000) },
      },
    });
    expect(await update(specOf(), Rollback.PREVIOUS)).toMatchObject({ spec: second.spec, specVersion: { index: 1n } });
  });

  it("does not bring back what was removed meanwhile", async () => {
    const target = { case: "file", value: { name: "f" } } as const;
    const secrets = [{ secretId: "sec", secretName: "s1", target }];
    const task = { runtime: { case: "container", value: { image: "busybox", secrets } } } as const;
    const world = newApi();
    await world.store.update(tx => tx.secret.create(sampleSecret("sec", "s1")));
    const { service } = await world.api.createService({ spec: specOf({ task }) });
    const serviceId = service!.id;
    await world.api.updateService({ serviceId, serviceVersion: service!.meta!.version!, spec: specOf() });
    await world.api.removeSecret({ secretId: "sec" });
    const rollback = { serviceId, serviceVersion: { index: 3n }, spec: specOf(), rollback: Rollback.PREVIOUS };
    await expect(world.api.updateService(rollback)).rejects.toEqual(invalid("secret not found: s1"));
  });
});
