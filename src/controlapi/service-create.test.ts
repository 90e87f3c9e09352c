import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { toDuration } from "../model/time.ts";
import { sampleConfig, sampleNetwork, sampleSecret } from "../sim/samples.ts";
import {
  type ContainerSpecSchema,
  EndpointSpec_ResolutionMode as ResolutionMode,
  type ServiceSpec,
  ServiceSpecSchema,
  type TaskSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { sample } from "../wire/samples.test-kit.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

type SpecInit = Exclude<MessageInitShape<typeof ServiceSpecSchema>, { $typeName: string }>;
type ContainerInit = Exclude<MessageInitShape<typeof ContainerSpecSchema>, { $typeName: string }>;
type TaskInit = Exclude<MessageInitShape<typeof TaskSpecSchema>, { $typeName: string }>;

const container = (init: ContainerInit): TaskInit => ({
  runtime: { case: "container", value: { image: "busybox", ...init } },
});

/** A spec that is all right but for what is given. */
function specOf(init: SpecInit): SpecInit {
  const replicated = { case: "replicated", value: { replicas: 1n } } as const;
  return { annotations: { name: "web" }, task: container({}), mode: replicated, ...init };
}
const withContainer = (init: ContainerInit) => specOf({ task: container(init) });
const withTask = (init: TaskInit) => specOf({ task: { ...container({}), ...init } });
const negative = toDuration(-1);
const file = (name: string) => ({ case: "file", value: { name } }) as const;
const health = "in HealthConfig cannot be less than 1ms";
const notNamed = "name must be valid as a DNS name component";

describe("createService refuses", () => {
  it.each<[string, SpecInit, unknown]>([
    ["no name", specOf({ annotations: {} }), invalid("meta: name must be provided")],
    ["a space in the name", specOf({ annotations: { name: "a b" } }), invalid(notNamed)],
    ["a dot in the name", specOf({ annotations: { name: "a.b" } }), invalid(notNamed)],
    ["a name that ends in a dash", specOf({ annotations: { name: "a-" } }), invalid(notNamed)],
    ["a name with NUL", specOf({ annotations: { name: "a\0b" } }), invalid(notNamed)],
    ["64 letters", specOf({ annotations: { name: "a".repeat(64) } }), invalid("name must be 63 characters or fewer")],
    [
      "a label of Shoal's that cannot be read",
      specOf({ annotations: { name: "web", labels: { "shoal.allow-from": "a b" } } }),
      invalid(
        'label shoal.allow-from="a b" cannot be read: it takes names of services with commas between; none lets nobody in',
      ),
    ],
    ["no task", { ...specOf({}), task: {} }, invalid("TaskSpec: missing runtime")],
    ["no mode", specOf({ mode: { case: undefined } }), invalid("Unrecognized service mode")],
    [
      "replicas that were negative",
      specOf({ mode: { case: "replicated", value: { replicas: 2n ** 64n - 1n } } }),
      invalid("Number of replicas must be non-negative"),
    ],
    [
      "completions that were negative",
      specOf({ mode: { case: "replicatedJob", value: { totalCompletions: 2n ** 63n } } }),
      invalid("Total completed jobs must not be negative"),
    ],
    [
      "concurrency that was negative",
      specOf({ mode: { case: "replicatedJob", value: { maxConcurrent: 2n ** 63n } } }),
      invalid("Maximum concurrent jobs must not be negative"),
    ],
    [
      "a job with an update config",
      specOf({ mode: { case: "globalJob", value: {} }, update: {} }),
      invalid("Jobs may not have an update config"),
    ],
    [
      "an attachment",
      withTask({ runtime: { case: "attachment", value: {} } }),
      fault("unimplemented", "RuntimeSpec: unimplemented runtime in service spec"),
    ],
    [
      "a CPU floor",
      withTask({ resources: { limits: { nanoCpus: 1n } } }),
      invalid("invalid cpu value 1e-09: Must be at least 0.001"),
    ],
    [
      "negative CPUs",
      withTask({ resources: { reservations: { nanoCpus: -5n * 10n ** 9n } } }),
      invalid("invalid cpu value -5: Must be at least 0.001"),
    ],
    [
      "a memory floor",
      withTask({ resources: { limits: { memoryBytes: 1n } } }),
      invalid("invalid memory value 1: Must be at least 4MiB"),
    ],
    [
      "reserved memory",
      withTask({ resources: { reservations: { memoryBytes: 4194303n } } }),
      invalid("invalid memory value 4194303: Must be at least 4MiB"),
    ],
    [
      "a restart delay",
      withTask({ restart: { delay: negative } }),
      invalid("TaskSpec: restart-delay cannot be negative"),
    ],
    [
      "a restart window",
      withTask({ restart: { window: negative } }),
      invalid("TaskSpec: restart-window cannot be negative"),
    ],
    [
      "a constraint",
      withTask({ placement: { constraints: ["node.id"] } }),
      fault("unknown", "constraint expected one operator from ==, !="),
    ],
    ["an update delay", specOf({ update: { delay: negative } }), invalid("TaskSpec: update-delay cannot be negative")],
    [
      "an update monitor",
      specOf({ update: { monitor: negative } }),
      invalid("TaskSpec: update-monitor cannot be negative"),
    ],
    [
      "a failure ratio",
      specOf({ update: { maxFailureRatio: 2 } }),
      invalid("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"),
    ],
    [
      "a ratio of NaN",
      specOf({ rollback: { maxFailureRatio: Number.NaN } }),
      invalid("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"),
    ],
    ["no image", withContainer({ image: "" }), invalid("ContainerSpec: image reference must be provided")],
    [
      "a bad image",
      withContainer({ image: "INVALID/IMG:::" }),
      invalid('ContainerSpec: "INVALID/IMG:::" is not a valid repository/tag'),
    ],
    [
      "a mount point twice",
      withContainer({ mounts: [{ target: "/a" }, { target: "/a" }] }),
      invalid("ContainerSpec: duplicate mount point: /a"),
    ],
    [
      "a health interval",
      withContainer({ healthcheck: { interval: toDuration(0.5) } }),
      invalid(`ContainerSpec: Interval ${health}`),
    ],
    [
      "a health timeout",
      withContainer({ healthcheck: { timeout: negative } }),
      invalid(`ContainerSpec: Timeout ${health}`),
    ],
    [
      "a start period",
      withContainer({ healthcheck: { startPeriod: negative } }),
      invalid(`ContainerSpec: StartPeriod ${health}`),
    ],
    [
      "a start interval",
      withContainer({ healthcheck: { startInterval: negative } }),
      invalid(`ContainerSpec: StartInterval ${health}`),
    ],
    [
      "health retries",
      withContainer({ healthcheck: { retries: -1 } }),
      invalid("ContainerSpec: Retries in HealthConfig cannot be negative"),
    ],
    [
      "a hostname's template",
      withContainer({ hostname: "{{.Node.Hostname" }),
      invalid("expanding hostname failed: template: expansion:1: unclosed action"),
    ],
    [
      "a generic kind",
      withTask({ runtime: { case: "generic", value: { kind: "x" } } }),
      invalid('Generic runtime: Invalid name "x"'),
    ],
    [
      "a reserved kind",
      withTask({ runtime: { case: "generic", value: { kind: "Container" } } }),
      invalid('Generic runtime: "Container" is a reserved name'),
    ],
    [
      "no payload",
      withTask({ runtime: { case: "generic", value: { kind: "plugin" } } }),
      invalid("Generic runtime is missing payload"),
    ],
    [
      "no payload type",
      withTask({ runtime: { case: "generic", value: { kind: "plugin", payload: {} } } }),
      invalid("Generic runtime is missing payload type"),
    ],
    [
      "an empty payload",
      withTask({ runtime: { case: "generic", value: { kind: "plugin", payload: { typeUrl: "x" } } } }),
      invalid("Generic runtime has an empty payload"),
    ],
    [
      "ingress with dnsrr",
      specOf({ endpoint: { mode: ResolutionMode.DNSRR, ports: [{ targetPort: 80 }] } }),
      invalid("EndpointSpec: port published with ingress mode can't be used with dnsrr mode"),
    ],
    [
      "one port twice",
      specOf({ endpoint: { ports: [{ publishedPort: 80 }, { publishedPort: 80, targetPort: 1 }] } }),
      invalid("EndpointSpec: duplicate published ports provided"),
    ],
    ["a nameless secret", withContainer({ secrets: [{ secretId: "x" }] }), invalid("malformed secret reference")],
    [
      "a secret without target",
      withContainer({ secrets: [{ secretId: "x", secretName: "x" }] }),
      invalid("malformed secret reference, no target provided"),
    ],
    [
      "a secret without file name",
      withContainer({ secrets: [{ secretId: "x", secretName: "x", target: file("") }] }),
      invalid("malformed file secret reference, invalid target file name provided"),
    ],
    [
      "two secrets in one file",
      withContainer({
        secrets: [
          { secretId: "x", secretName: "x", target: file("f") },
          { secretId: "y", secretName: "y", target: file("f") },
        ],
      }),
      invalid("secret references 'x' and 'y' have a conflicting target: 'f'"),
    ],
    [
      "a config without target",
      withContainer({ configs: [{ configId: "x", configName: "x" }] }),
      invalid("malformed config reference, no target provided"),
    ],
    [
      "a secret that is not there",
      withContainer({ secrets: [{ secretId: "nope", secretName: "nope", target: file("f") }] }),
      invalid("secret not found: nope"),
    ],
    [
      "a secret under another name",
      withContainer({ secrets: [{ secretId: "sec", secretName: "other", target: file("f") }] }),
      invalid("secret not found: other"),
    ],
    [
      "configs that are not there",
      withContainer({
        configs: [
          { configId: "a", configName: "a", target: file("f") },
          { configId: "b", configName: "b", target: { case: "runtime", value: {} } },
        ],
      }),
      invalid("configs not found: a, b"),
    ],
    ["a network that is not there", withTask({ networks: [{ target: "nope" }] }), invalid("network nope not found")],
    [
      "the ingress network",
      withTask({ networks: [{ target: "ing" }] }),
      invalid('Service cannot be explicitly attached to the ingress network "ingress"'),
    ],
  ])("%s", async (_, spec, expected) => {
    const { api, store } = newApi();
    await store.update(tx => {
      tx.secret.create(sampleSecret("sec", "s1"));
      tx.network.create(sampleNetwork("ing", "ingress", { ingress: true }));
    });
    await expect(api.createService({ spec })).rejects.toEqual(expected);
    expect(store.version).toBe(1n);
  });

  it("no spec at all", async () => {
    await expect(newApi().api.createService({})).rejects.toEqual(invalid("invalid argument"));
  });

  it("a name that is taken", async () => {
    const { api, store } = newApi();
    await api.createService({ spec: specOf({}) });
    const text = "name conflicts with an existing object: service web already exists";
    await expect(api.createService({ spec: specOf({}) })).rejects.toEqual(fault("already_exists", text));
    expect(store.view(tx => tx.service.size)).toBe(1);
  });

  it("a name that is taken at the same moment", async () => {
    const { api, store } = newApi();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => api.createService({ spec: specOf({}) })));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(store.view(tx => tx.service.size)).toBe(1);
  });
});

describe("published ports", () => {
  const { INGRESS, HOST } = PublishMode;
  it.each<[PublishMode, Protocol, PublishMode, Protocol, string]>([
    [INGRESS, Protocol.TCP, INGRESS, Protocol.TCP, "an ingress port"],
    [INGRESS, Protocol.TCP, HOST, Protocol.TCP, "an ingress port"],
    [HOST, Protocol.TCP, INGRESS, Protocol.TCP, "a host-published port"],
    [HOST, Protocol.TCP, HOST, Protocol.TCP, ""],
    [INGRESS, Protocol.TCP, INGRESS, Protocol.UDP, ""],
  ])("mode %s/%s taken, %s/%s wanted: %s", async (taken, takenProtocol, wanted, wantedProtocol, how) => {
    const { api } = newApi();
    const publish = (name: string, publishMode: PublishMode, protocol: Protocol) =>
      api.createService({
        spec: specOf({
          annotations: { name },
          endpoint: { ports: [{ publishedPort: 8089, targetPort: 80, publishMode, protocol }] },
        }),
      });
    const { service } = await publish("ping1", taken, takenProtocol);
    const second = publish("ping2", wanted, wantedProtocol);
    if (how === "") await expect(second).resolves.toBeDefined();
    else
      await expect(second).rejects.toEqual(
        invalid(`port '8089' is already in use by service 'ping1' (${service?.id}) as ${how}`),
      );
  });

  it("that a service was given count as well as those it asked for", async () => {
    const { api, store } = newApi();
    const { service } = await api.createService({ spec: specOf({ endpoint: { ports: [{ targetPort: 80 }] } }) });
    await store.update(tx => {
      const stored = tx.service.get(service!.id)!;
      tx.service.update({
        ...stored,
        endpoint: {
          ...service!.endpoint!,
          $typeName: "docker.swarmkit.v1.Endpoint",
          virtualIps: [],
          ports: [{ ...stored.spec.endpoint!.ports[0]!, publishedPort: 30_000 }],
        },
      });
    });
    const spec = specOf({ annotations: { name: "other" }, endpoint: { ports: [{ publishedPort: 30_000 }] } });
    await expect(api.createService({ spec })).rejects.toThrow("port '30000' is already in use by service 'web'");
  });
});

describe("createService", () => {
  it("stores the spec as it is", async () => {
    const { api, store } = newApi();
    await store.update(tx => {
      tx.secret.create(sampleSecret("sec", "s1"));
      tx.config.create(sampleConfig("cfg", "c1"));
      tx.network.create(sampleNetwork("net"));
    });
    const spec = withTask({
      ...container({
        secrets: [{ secretId: "sec", secretName: "s1", target: file("f") }],
        configs: [{ configId: "cfg", configName: "c1", target: file("f") }],
        env: ["NODE={{.Node.Hostname}}"],
      }),
      networks: [{ target: "net" }],
      placement: { constraints: ["node.role == worker"] },
    });
    const { service } = await api.createService({ spec });
    expect(service).toMatchObject({
      meta: { version: { index: 2n } },
      specVersion: { index: 0n },
      spec: { annotations: { name: "web" } },
    });
    expect(service?.id).toMatch(/^[0-9a-z]{25}$/);
    expect(service?.jobStatus).toBeUndefined();
    expect(store.view(tx => tx.service.get(service!.id))).toBe(service);
  });

  it("starts a job's first run", async () => {
    const { api, clock } = newApi();
    const { service } = await api.createService({ spec: specOf({ mode: { case: "replicatedJob", value: {} } }) });
    expect(service?.jobStatus).toMatchObject({
      jobIteration: { index: 0n },
      lastExecution: { seconds: BigInt(clock.now() / 1000) },
    });
  });

  it.each(["sha256:".concat("a".repeat(64))])("takes images by digest (%s)", async digest => {
    const { api } = newApi();
    const image = `registry:5000/busybox:frozen@${digest}`;
    const { service } = await api.createService({ spec: withContainer({ image }) });
    expect(service?.spec?.task?.runtime).toMatchObject({ value: { image } });
  });

  it("either stores a spec whole or says what is wrong with it, whatever comes", async () => {
    const nonsense = sample(ServiceSpecSchema) as fc.Arbitrary<ServiceSpec>;
    const nearly = nonsense.map(spec => {
      const right = create(ServiceSpecSchema, specOf({}));
      const task = { ...right.task!, resources: spec.task?.resources, restart: spec.task?.restart };
      return { ...spec, ...right, update: spec.update, networks: [], task } as ServiceSpec;
    });
    const property = fc.asyncProperty(fc.oneof(nonsense, nearly), async spec => {
      const { api, store } = newApi();
      const outcome = await api.createService({ spec }).then(
        ({ service }) => service,
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(Fault);
        expect(["invalid_argument", "unimplemented", "unknown"]).toContain((outcome as Fault).code);
        expect(store.version).toBe(0n);
      } else expect(store.view(tx => [...tx.service.all()].map(service => service.spec))).toEqual([spec]);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
