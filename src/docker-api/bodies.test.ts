import { create, type DescMessage, equals, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  CreateConfigResponseSchema,
  CreateSecretResponseSchema,
  CreateServiceResponseSchema,
  GetClusterResponseSchema,
  GetNetworkResponseSchema,
  GetNodeResponseSchema,
  GetServiceResponseSchema,
  ListClustersResponseSchema,
  UpdateClusterResponseSchema,
  UpdateNodeResponseSchema,
  UpdateServiceResponseSchema,
} from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import {
  ClusterSpecSchema,
  ConfigSpecSchema,
  NodeSpecSchema,
  SecretSpecSchema,
  ServiceSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type TestAnswer, TestApi } from "./api.test-kit.ts";
import type { SwarmStatus } from "./backend.ts";
import { bodyOf } from "./convert/body.test-kit.ts";
import { serviceSpecBody } from "./convert/service-spec.ts";
import { type ControlMethods, fakeControl, inactive, locked, managing } from "./fakes.test-kit.ts";

let api: TestApi;
let writes = 0;

/** What arrives must be a whole message: one that bytes can carry, and that comes out of them the same. */
function expectWhole<D extends DescMessage>(schema: D, init: MessageInitShape<D> | undefined): void {
  const message = create(schema, init);
  expect(equals(schema, fromBinary(schema, toBinary(schema, message)), message)).toBe(true);
  writes++;
}

const object = { id: "x", meta: { version: { index: 1n } }, spec: {} };

const methods: ControlMethods = {
  getNetwork: async () => create(GetNetworkResponseSchema, { network: { id: "n" } }),
  getService: async () => create(GetServiceResponseSchema, { service: object }),
  getNode: async () => create(GetNodeResponseSchema, { node: object }),
  getCluster: async () => create(GetClusterResponseSchema, { cluster: object }),
  listClusters: async () => create(ListClustersResponseSchema, { clusters: [object] }),
  createService: async ({ spec }) => {
    expectWhole(ServiceSpecSchema, spec);
    return create(CreateServiceResponseSchema, { service: object });
  },
  updateService: async ({ spec }) => {
    expectWhole(ServiceSpecSchema, spec);
    return create(UpdateServiceResponseSchema);
  },
  createSecret: async ({ spec }) => {
    expectWhole(SecretSpecSchema, spec);
    return create(CreateSecretResponseSchema, { secret: object });
  },
  createConfig: async ({ spec }) => {
    expectWhole(ConfigSpecSchema, spec);
    return create(CreateConfigResponseSchema, { config: object });
  },
  updateNode: async ({ spec }) => {
    expectWhole(NodeSpecSchema, spec);
    return create(UpdateNodeResponseSchema);
  },
  updateCluster: async ({ spec }) => {
    expectWhole(ClusterSpecSchema, spec);
    return create(UpdateClusterResponseSchema);
  },
};

beforeAll(async () => {
  api = await TestApi.start();
  api.backend.client = fakeControl(methods);
});
afterAll(() => api[Symbol.asyncDispose]());

const clusterSpec = {
  Name: "default",
  Labels: { a: "b" },
  Orchestration: { TaskHistoryRetentionLimit: 5 },
  Raft: { SnapshotInterval: 10000, KeepOldSnapshots: 0, LogEntriesForSlowFollowers: 500, ElectionTick: 10 },
  Dispatcher: { HeartbeatPeriod: 5000000000 },
  CAConfig: { NodeCertExpiry: 7776000000000000, ExternalCAs: [{ Protocol: "cfssl", URL: "https://ca" }] },
  TaskDefaults: { LogDriver: { Name: "json-file", Options: { "max-size": "1m" } } },
  EncryptionConfig: { AutoLockManagers: false },
};
const addresses = { ListenAddr: "0.0.0.0:2377", AdvertiseAddr: "10.77.0.3", DataPathAddr: "", Availability: "active" };
const named = { Name: "n", Labels: { a: "b" } };

const requests: readonly (readonly [path: string, body: fc.Arbitrary<unknown>])[] = [
  ["/services/create", bodyOf(serviceSpecBody)],
  ["/services/x/update?version=1", bodyOf(serviceSpecBody)],
  ["/secrets/create", fc.constant({ ...named, Data: "eA==", Templating: { Name: "golang" } })],
  ["/configs/create", fc.constant({ ...named, Data: "eA==" })],
  ["/nodes/x/update?version=1", fc.constant({ ...named, Role: "manager", Availability: "drain" })],
  [
    "/swarm/init",
    fc.constant({
      ...addresses,
      ForceNewCluster: false,
      Spec: clusterSpec,
      DefaultAddrPool: ["10.0.0.0/8"],
      SubnetSize: 24,
    }),
  ],
  ["/swarm/join", fc.constant({ ...addresses, RemoteAddrs: ["10.77.0.3:2377"], JoinToken: "SWMTKN-1-x-y" })],
  ["/swarm/update?version=1", fc.constant(clusterSpec)],
  ["/swarm/unlock", fc.constant({ UnlockKey: "SWMKEY-1-x" })],
];

/** What goes where something else should be. */
const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    "",
    0,
    -1,
    1.5,
    1e300,
    -1e300,
    2 ** 53,
    2 ** 63,
    2 ** 64,
    2 ** 32,
    70_000,
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    [null],
    [{}],
    { a: null },
    { "a\nb": 1 },
    "\u0000",
    "\ud800",
    "__proto__",
    "☃",
  ),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__":{"polluted":1}}'), { constructor: 1, toString: "x" }),
  fc.string(),
  fc.jsonValue(),
);

/** The value with one of its parts, however deep, replaced, taken out or joined by another. */
function mutated(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return junk;
  const deeper = fc
    .constantFrom(...Object.keys(value))
    .chain(key =>
      mutated(Reflect.get(value, key)).map(part =>
        Array.isArray(value) ? value.with(Number(key), part) : { ...value, [key]: part },
      ),
    );
  const without = fc.constantFrom(...Object.keys(value)).map(key => {
    const { [key]: _, ...rest } = value as Record<string, unknown>;
    return Array.isArray(value) ? Object.values(rest) : rest;
  });
  return fc.oneof({ weight: 8, arbitrary: deeper }, { weight: 1, arbitrary: junk }, { weight: 1, arbitrary: without });
}

/** The text cut off somewhere, or with something put in. */
const broken = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(text.length), fc.constantFrom("", "{", "]", '"', ",", "\\u12", "nul", "-", "\u0007", "}{"))
    .map(([at, put]) => (put === "" ? text.slice(0, at) : text.slice(0, at) + put + text.slice(at)));

/** A success or the client's own fault, told as Docker tells it. */
function expectProper(answer: TestAnswer): void {
  if (answer.status >= 200 && answer.status < 300) return;
  expect(answer.json).toEqual({ message: expect.stringMatching(/./) });
  // Docker's own 500 for a network that is not there.
  if (answer.status === 500) expect(answer.text).toContain('"network \\"\\" not found"');
  else expect([answer.status >= 400 && answer.status < 500, answer.text]).toEqual([true, answer.text]);
}

/** What this node has to be for a request to be heard. */
function statusFor(path: string): SwarmStatus {
  if (path === "/swarm/init" || path === "/swarm/join") return inactive;
  return path === "/swarm/unlock" ? locked : managing;
}

describe.each(requests)("POST %s", (path, bodies) => {
  beforeEach(() => {
    api.backend.current = statusFor(path);
  });

  it("takes every good body", async () => {
    const taken = async (body: unknown) => {
      const { status, text } = await api.call("POST", path, body);
      const ours = text.includes('network \\"\\" not found');
      expect([ours ? 200 : status, text]).toEqual([expect.toSatisfy(each => each === 200 || each === 201), text]);
    };
    await fc.assert(fc.asyncProperty(bodies, taken), { numRuns: 20 });
  });

  it("answers 2xx or 4xx to everything else, and passes on only whole messages", async () => {
    const bad = bodies.chain(mutated).map(body => JSON.stringify(body));
    const texts = fc.oneof({ weight: 4, arbitrary: bad }, { weight: 1, arbitrary: bad.chain(broken) });
    await fc.assert(
      fc.asyncProperty(texts, async text => expectProper(await api.call("POST", path, text))),
      { numRuns: 150 },
    );
    expect((await api.call("GET", "/_ping")).status).toBe(200);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("refuses 10 MB and a thousand brackets, and lives", async () => {
    const before = writes;
    const huge = await api.call("POST", path, `{"Name":"${"x".repeat(10 * 1024 * 1024)}"}`);
    expect([huge.status, huge.json]).toEqual([413, { message: expect.stringContaining("larger than") }]);
    expect((await api.call("POST", path, "[".repeat(1_000))).status).toBe(400);
    expect((await api.call("POST", path, `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`)).status).toBe(400);
    expect(writes).toBe(before);
    expect((await api.call("GET", "/_ping")).status).toBe(200);
  });
});
