import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sampleNetwork, sampleService, sampleTask } from "../sim/samples.ts";
import type { NetworkSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { IPAMOptionsSchema, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

type SpecInit = Exclude<MessageInitShape<typeof NetworkSpecSchema>, { $typeName: string }>;

const specOf = (init: SpecInit): SpecInit => ({
  annotations: { name: "ov1" },
  driverConfig: { name: "overlay" },
  ...init,
});
const withIpam = (...configs: { subnet?: string; range?: string; gateway?: string }[]) => specOf({ ipam: { configs } });
const predefined = { "com.docker.swarm.predefined": "true" };

describe("createNetwork refuses", () => {
  it.each<[string, SpecInit, unknown]>([
    ["no name", specOf({ annotations: {} }), invalid("meta: name must be provided")],
    ["a bad name", specOf({ annotations: { name: "a b" } }), invalid("name must be valid as a DNS name component")],
    [
      "an attachable ingress",
      specOf({ attachable: true, ingress: true }),
      invalid("ingress network cannot be attachable"),
    ],
    [
      "the label of predefined networks",
      specOf({ annotations: { name: "x", labels: predefined } }),
      fault(
        "permission_denied",
        "label com.docker.swarm.predefined is for internally created predefined networks and cannot be applied by users",
      ),
    ],
    [
      "a nameless driver",
      specOf({ driverConfig: {} }),
      invalid("driver name: if driver is specified name is required"),
    ],
    ["an unknown driver", specOf({ driverConfig: { name: "bogus" } }), invalid("error during lookup of plugin bogus")],
    [
      "an unknown IPAM driver",
      specOf({ ipam: { driver: { name: "bogus" } } }),
      invalid("error during lookup of plugin bogus"),
    ],
    [
      "another driver for ingress",
      specOf({ ingress: true, driverConfig: { name: "macvlan" } }),
      fault("unimplemented", "only overlay driver is currently supported for ingress network"),
    ],
    ["a bad subnet", withIpam({ subnet: "bogus" }), invalid("ipam configuration: invalid subnet bogus")],
    ["a bad second subnet", withIpam({ subnet: "10.0.0.0/24" }, {}), invalid("ipam configuration: invalid subnet ")],
    ["a bad range", withIpam({ subnet: "10.0.0.0/24", range: "x" }), invalid("ipam configuration: invalid range x")],
    [
      "a range elsewhere",
      withIpam({ subnet: "10.0.0.0/24", range: "10.0.1.0/28" }),
      invalid("ipam configuration: subnet 10.0.0.0/24 does not contain range 10.0.1.0/28"),
    ],
    [
      "a bad gateway",
      withIpam({ subnet: "10.0.0.0/24", gateway: "x" }),
      invalid("ipam configuration: invalid gateway x"),
    ],
    [
      "a gateway elsewhere",
      withIpam({ subnet: "10.0.0.0/24", gateway: "10.0.1.1" }),
      invalid("ipam configuration: subnet 10.0.0.0/24 does not contain gateway 10.0.1.1"),
    ],
  ])("%s", async (_, spec, expected) => {
    const { api, store } = newApi();
    await expect(api.createNetwork({ spec })).rejects.toEqual(expected);
    expect(store.version).toBe(0n);
  });

  it.each([
    ["that another network has", ["10.0.0.0/16"]],
    ["that another network asks for", ["10.7.0.128/25"]],
    ["that is twice in it", ["10.9.0.0/24", "10.9.0.0/25"]],
  ])("a subnet %s", async (_, subnets) => {
    const { api, store } = newApi();
    await store.update(tx => {
      const ipam = create(IPAMOptionsSchema, { configs: [{ subnet: "10.0.3.0/24" }] });
      tx.network.create({ ...sampleNetwork("has"), ipam });
      tx.network.create(sampleNetwork("asks", "asks", withIpam({ subnet: "10.7.0.0/24" })));
    });
    const spec = withIpam(...subnets.map(subnet => ({ subnet })));
    await expect(api.createNetwork({ spec })).rejects.toEqual(
      fault("permission_denied", "Pool overlaps with other one on this address space"),
    );
    await expect(api.createNetwork({ spec: withIpam({ subnet: "10.8.0.0/24" }) })).resolves.toBeDefined();
  });

  it("no spec, a name that is taken and a second ingress network", async () => {
    const { api, store } = newApi();
    await expect(api.createNetwork({})).rejects.toEqual(invalid("invalid argument"));
    const { network } = await api.createNetwork({ spec: specOf({ ingress: true }) });
    const again = api.createNetwork({ spec: specOf({}) });
    await expect(again).rejects.toEqual(fault("already_exists", "network with name ov1 already exists"));
    const second = api.createNetwork({ spec: specOf({ annotations: { name: "x" }, ingress: true }) });
    await expect(second).rejects.toEqual(
      fault("already_exists", `ingress network (${network?.id}) is already present`),
    );
    expect(store.view(tx => tx.network.size)).toBe(1);
  });
});

describe("networks", () => {
  it("are stored, found and listed", async () => {
    const { api, store } = newApi();
    const ipam = {
      driver: { name: "default" },
      configs: [{ subnet: "10.0.0.0/24", range: "10.0.0.0/28", gateway: "10.0.0.1" }],
    };
    const { network } = await api.createNetwork({ spec: specOf({ ipam, attachable: true }) });
    expect(store.view(tx => tx.network.get(network!.id))).toBe(network);
    expect((await api.getNetwork({ networkId: network!.id })).network).toBe(network);
    const listed = async (filters: object) => (await api.listNetworks({ filters })).networks.map(({ id }) => id);
    expect(await listed({ names: ["ov1"] })).toEqual([network?.id]);
    expect(await listed({ namePrefixes: ["ov"] })).toEqual([network?.id]);
    expect(await listed({ names: ["ov"] })).toEqual([]);
    await expect(api.getNetwork({ networkId: "x" })).rejects.toEqual(fault("not_found", "network x not found"));
    await expect(api.getNetwork({ name: "ov1" })).rejects.toEqual(invalid("invalid argument"));
  });
});

describe("removeNetwork", () => {
  const attached = (id: string, state: TaskState, desiredState: TaskState) =>
    sampleTask(id, undefined, {
      status: { state },
      desiredState,
      spec: { runtime: { case: "container", value: {} }, networks: [{ target: "net" }] },
    });

  it("refuses a network that a service uses", async () => {
    const { api, store } = newApi();
    const service = sampleService("s", "web", { networks: [{ target: "net" }] });
    await store.update(tx => {
      tx.network.create(sampleNetwork("net"));
      tx.service.create(service);
    });
    const expected = fault("failed_precondition", "network net is in use by service s");
    await expect(api.removeNetwork({ networkId: "net" })).rejects.toEqual(expected);
    expect(store.view(tx => tx.network.size)).toBe(1);
    await api.removeService({ serviceId: "s" });
    await api.removeNetwork({ networkId: "net" });
    expect(store.view(tx => tx.network.size)).toBe(0);
  });

  it.each<[string, TaskState, TaskState, boolean]>([
    ["runs", TaskState.RUNNING, TaskState.RUNNING, true],
    ["is told to stop", TaskState.RUNNING, TaskState.SHUTDOWN, false],
    ["has ended", TaskState.FAILED, TaskState.RUNNING, false],
  ])("with a task on it that %s", async (_, state, desired, refused) => {
    const { api, store } = newApi();
    await store.update(tx => {
      tx.network.create(sampleNetwork("net"));
      tx.task.create(attached("t", state, desired));
    });
    const removal = api.removeNetwork({ networkId: "net" });
    if (refused) await expect(removal).rejects.toEqual(fault("failed_precondition", "network net is in use by task t"));
    else await removal;
    expect(store.view(tx => tx.network.size)).toBe(refused ? 1 : 0);
  });

  it("with a task on it whose service was removed right before", async () => {
    const { api, store } = newApi();
    await store.update(tx => {
      tx.network.create(sampleNetwork("net"));
      tx.task.create({ ...attached("t", TaskState.RUNNING, TaskState.RUNNING), serviceId: "gone" });
    });
    await api.removeNetwork({ networkId: "net" });
    expect(store.view(tx => tx.network.size)).toBe(0);
  });

  it("refuses predefined networks, and the ingress network while ports are published", async () => {
    const { api, store } = newApi();
    const host = sampleNetwork("h", "host");
    const annotations = { ...host.spec.annotations, labels: predefined };
    await store.update(tx => {
      tx.network.create({ ...host, spec: { ...host.spec, annotations } });
      tx.network.create(sampleNetwork("ing", "ingress", { ingress: true }));
    });
    const { service } = await api.createService({
      spec: {
        annotations: { name: "web" },
        task: { runtime: { case: "container", value: { image: "busybox" } } },
        mode: { case: "global", value: {} },
        endpoint: { ports: [{ targetPort: 80 }] },
      },
    });
    const kept = "network h (host) is a swarm predefined network and cannot be removed";
    await expect(api.removeNetwork({ networkId: "h" })).rejects.toEqual(fault("failed_precondition", kept));
    const used = `ingress network cannot be removed because service ${service?.id} depends on it`;
    await expect(api.removeNetwork({ networkId: "ing" })).rejects.toEqual(fault("failed_precondition", used));
    await api.removeService({ serviceId: service!.id });
    await api.removeNetwork({ networkId: "ing" });
    expect(store.view(tx => [...tx.network.all()].map(({ id }) => id))).toEqual(["h"]);
  });

  it("wants an id of a network that is there", async () => {
    const { api } = newApi();
    await expect(api.removeNetwork({})).rejects.toEqual(invalid("invalid argument"));
    await expect(api.removeNetwork({ networkId: "x" })).rejects.toEqual(fault("not_found", "network x not found"));
  });
});
