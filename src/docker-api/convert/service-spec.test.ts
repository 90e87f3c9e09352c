import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServiceSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { checkShape } from "../schema.ts";
import { bodyOf } from "./body.test-kit.ts";
import type { JsonObject } from "./omit.ts";
import { fromServiceSpec, serviceSpecBody, toServiceSpec } from "./service-spec.ts";

/** A body all the way through the wire's bytes and back. */
function normalForm(body: unknown): JsonObject {
  const wire = toServiceSpec(checkShape(serviceSpecBody, structuredClone(body)));
  return fromServiceSpec(fromBinary(ServiceSpecSchema, toBinary(ServiceSpecSchema, wire)));
}

function refusal(body: unknown): string {
  try {
    normalForm(body);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

const container = { Image: "busybox" };
const least = { TaskTemplate: { ContainerSpec: container } };
const leastBack = {
  Labels: {},
  TaskTemplate: { ContainerSpec: { Image: "busybox", Isolation: "default" }, ForceUpdate: 0, Runtime: "container" },
  Mode: { Replicated: { Replicas: 1 } },
};

describe("a service's spec", () => {
  it("gains mode, runtime, isolation and labels, and nothing else", () => {
    expect(normalForm(least)).toEqual(leastBack);
  });

  // What docker 28.2 sends for `service create` with most of its flags, and what dockerd 20.10 stored for it.
  it("comes back as Docker stores it, in its order", () => {
    const reference = { File: { Name: "s1", UID: "0", GID: "0", Mode: 292 }, SecretID: "1gqv", SecretName: "s1" };
    const template = {
      ContainerSpec: {
        Image: "busybox:latest@sha256:3f70",
        Labels: { c: "d" },
        Args: ["sh", "-c", "sleep 1"],
        Env: ["A=1"],
        Init: false,
        Mounts: [{ Type: "volume", Source: "vv", Target: "/v" }],
        StopGracePeriod: 2000000000,
        Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 500000000 },
        DNSConfig: {},
        Secrets: [reference],
        Configs: [{ File: reference.File, ConfigID: "0t9s", ConfigName: "c1" }],
        Isolation: "default",
      },
      Resources: { Limits: { MemoryBytes: 52428800 }, Reservations: { NanoCPUs: 100000000 } },
      RestartPolicy: { Condition: "any", Delay: 5000000000, MaxAttempts: 0 },
      Placement: {
        Constraints: ["node.role==manager"],
        Platforms: [{ Architecture: "amd64", OS: "linux" }],
      },
      Networks: [{ Target: "6d4dpa36eqnmavt7ktfvksi5z" }],
      ForceUpdate: 0,
    };
    const stored = {
      Name: "web",
      Labels: { a: "b" },
      TaskTemplate: { ...template, Runtime: "container" },
      Mode: { Replicated: { Replicas: 2 } },
      UpdateConfig: {
        Parallelism: 1,
        Delay: 1000000000,
        FailureAction: "pause",
        Monitor: 5000000000,
        MaxFailureRatio: 0,
        Order: "stop-first",
      },
      EndpointSpec: { Mode: "dnsrr" },
    };
    expect(JSON.stringify(normalForm({ ...stored, TaskTemplate: template }))).toBe(JSON.stringify(stored));
  });

  it.each<[member: string, sent: object, back: object]>([
    ["no replicas", { Mode: { Replicated: {} } }, { Mode: { Replicated: { Replicas: 1 } } }],
    ["zero replicas", { Mode: { Replicated: { Replicas: 0 } } }, { Mode: { Replicated: { Replicas: 0 } } }],
    ["global", { Mode: { Global: {} } }, { Mode: { Global: {} } }],
    ["a job", { Mode: { ReplicatedJob: {} } }, { Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } } }],
    [
      "a wide job",
      { Mode: { ReplicatedJob: { MaxConcurrent: 3 } } },
      { Mode: { ReplicatedJob: { MaxConcurrent: 3, TotalCompletions: 3 } } },
    ],
    ["a global job", { Mode: { GlobalJob: {} } }, { Mode: { GlobalJob: {} } }],
    [
      "an empty update config",
      { UpdateConfig: {} },
      { UpdateConfig: { Parallelism: 0, FailureAction: "pause", MaxFailureRatio: 0, Order: "stop-first" } },
    ],
    [
      "a ratio of 32 bits",
      { RollbackConfig: { MaxFailureRatio: 0.1, FailureAction: "rollback", Order: "start-first" } },
      { RollbackConfig: { Parallelism: 0, FailureAction: "rollback", MaxFailureRatio: 0.1, Order: "start-first" } },
    ],
    ["no endpoint mode", { EndpointSpec: {} }, { EndpointSpec: { Mode: "vip" } }],
    [
      "a port of few words",
      { EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 70000 }] } },
      {
        EndpointSpec: {
          Mode: "vip",
          Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 70000, PublishMode: "ingress" }],
        },
      },
    ],
    [
      "a port in capitals",
      { EndpointSpec: { Ports: [{ Protocol: "UDP", PublishMode: "HOST" }] } },
      { EndpointSpec: { Mode: "vip", Ports: [{ Protocol: "udp", PublishMode: "host" }] } },
    ],
    ["null members", { Mode: null, Labels: null, UpdateConfig: null, EndpointSpec: null }, {}],
    ["unknown members", { Bogus: { a: [1] } }, {}],
  ])("%s", (_, sent, back) => {
    expect(normalForm({ ...least, ...sent })).toEqual({ ...leastBack, ...back });
  });

  it.each<[text: string, body: unknown]>([
    ["mismatched Runtime and *Spec fields", {}],
    ["mismatched Runtime and *Spec fields", { TaskTemplate: {} }],
    ["mismatched Runtime and *Spec fields", { TaskTemplate: { Runtime: "plugin", ContainerSpec: container } }],
    ["unsupported runtime", { TaskTemplate: { Runtime: "wasm", ContainerSpec: container } }],
    ["unsupported runtime", { TaskTemplate: { Runtime: "attachment", NetworkAttachmentSpec: { ContainerID: "x" } } }],
    ['runtime type "plugin" only supported in experimental', { TaskTemplate: { Runtime: "plugin", PluginSpec: {} } }],
    ["must specify only one service mode", { ...least, Mode: { Replicated: {}, Global: {} } }],
    ["must specify only one service mode", { ...least, Mode: { ReplicatedJob: {}, GlobalJob: {} } }],
    [
      'invalid RestartCondition: "bogus"',
      { TaskTemplate: { ...least.TaskTemplate, RestartPolicy: { Condition: "bogus" } } },
    ],
    ['invalid resolution mode: "bogus"', { ...least, EndpointSpec: { Mode: "bogus" } }],
    ['invalid Protocol of a port: "bogus"', { ...least, EndpointSpec: { Ports: [{ Protocol: "bogus" }] } }],
    ["unrecognized update failure action bogus", { ...least, UpdateConfig: { FailureAction: "bogus" } }],
    ["unrecognized update order bogus", { ...least, RollbackConfig: { Order: "bogus" } }],
    ['invalid key in Labels: "__proto__"', { ...least, Labels: JSON.parse('{"__proto__":"x"}') }],
    [
      "json: cannot unmarshal string into Go struct field TaskTemplate.ContainerSpec.Mounts.1.ReadOnly of type bool",
      { TaskTemplate: { ContainerSpec: { Mounts: [{}, { ReadOnly: "yes" }] } } },
    ],
    [
      "json: cannot unmarshal number -1 into Go struct field Mode.Replicated.Replicas of type uint64",
      { ...least, Mode: { Replicated: { Replicas: -1 } } },
    ],
    [
      "json: cannot unmarshal number 9223372036854776000 into Go struct field TaskTemplate.ForceUpdate of type uint64",
      { TaskTemplate: { ...least.TaskTemplate, ForceUpdate: 2 ** 63 } },
    ],
  ])("refuses with %s", (text, body) => {
    expect(refusal(body)).toBe(text);
  });

  it("loses nothing on the way, whatever was sent", () => {
    fc.assert(
      fc.property(bodyOf(serviceSpecBody), body => {
        const once = normalForm(body);
        expect(normalForm(once)).toEqual(once);
        expectKept(body, once, "");
      }),
      { numRuns: 300 },
    );
  });
});

/** Spelt-out nothing: what Docker's normal form leaves away. */
function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (typeof value !== "object") return false;
  return Object.values(value).every(saysNothing);
}

/** Members that have no place of their own on the wire, or whose elements may be passed over. */
const notKept = new Set([".Networks", ".TaskTemplate.PluginSpec", ".TaskTemplate.Placement.Preferences"]);

/** Every member of `sent` that says something is in `back`, with the same value. */
function expectKept(sent: unknown, back: unknown, path: string): void {
  if (saysNothing(sent) || notKept.has(path) || (path.endsWith(".Consistency") && sent === "default")) return;
  if (typeof sent === "object" && sent !== null) {
    for (const [key, value] of Object.entries(sent)) {
      expectKept(value, Reflect.get(Object(back), key), `${path}.${key}`);
    }
  } else if (path.endsWith(".MaxFailureRatio")) expect(Math.fround(Number(back))).toBe(Math.fround(Number(sent)));
  else expect(back, path).toEqual(sent);
}
