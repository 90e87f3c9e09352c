import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestAnswer } from "../../src/docker-api/api.test-kit.ts";
import { inactive, managing } from "../../src/docker-api/fakes.test-kit.ts";
import { World } from "./world.ts";

/** A service with a bit of everything. */
const service = {
  Name: "web",
  Labels: { a: "b" },
  TaskTemplate: {
    ContainerSpec: {
      Image: "busybox:latest",
      Labels: { c: "d" },
      Command: ["sh"],
      Args: ["-c", "true"],
      Hostname: "h",
      Env: ["A=1"],
      Dir: "/",
      User: "1000",
      Groups: ["x"],
      Privileges: { SELinuxContext: { Disable: true } },
      Init: false,
      StopSignal: "SIGTERM",
      TTY: false,
      OpenStdin: false,
      ReadOnly: true,
      Mounts: [
        { Type: "volume", Source: "v", Target: "/v", ReadOnly: false, VolumeOptions: { NoCopy: true, Labels: {} } },
        { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1024, Mode: 448 } },
      ],
      StopGracePeriod: 2_000_000_000,
      Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000, Timeout: 1_000_000_000, Retries: 3 },
      Hosts: ["10.0.0.1 db"],
      DNSConfig: { Nameservers: ["1.1.1.1"], Search: ["x"], Options: ["y"] },
      Isolation: "default",
      Sysctls: { "net.core.somaxconn": "1024" },
      CapabilityAdd: ["CAP_NET_ADMIN"],
      CapabilityDrop: ["ALL"],
      Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
    },
    Resources: {
      Limits: { NanoCPUs: 1_000_000_000, MemoryBytes: 67_108_864, Pids: 100 },
      Reservations: {
        NanoCPUs: 500_000_000,
        MemoryBytes: 33_554_432,
        GenericResources: [{ DiscreteResourceSpec: { Kind: "SSD", Value: 3 } }],
      },
    },
    RestartPolicy: { Condition: "any", Delay: 5_000_000_000, MaxAttempts: 3, Window: 1_000_000_000 },
    Placement: {
      Constraints: ["node.role==worker"],
      Preferences: [{ Spread: { SpreadDescriptor: "node.labels.zone" } }],
      MaxReplicas: 2,
      Platforms: [{ Architecture: "amd64", OS: "linux" }],
    },
    ForceUpdate: 1,
    Runtime: "container",
    LogDriver: { Name: "json-file", Options: { "max-size": "1m" } },
  },
  Mode: { Replicated: { Replicas: 2 } },
  UpdateConfig: {
    Parallelism: 2,
    Delay: 1_000_000_000,
    FailureAction: "pause",
    Monitor: 5_000_000_000,
    MaxFailureRatio: 0.1,
    Order: "start-first",
  },
  RollbackConfig: { Parallelism: 1, FailureAction: "continue", Order: "stop-first" },
  EndpointSpec: {
    Mode: "vip",
    Ports: [{ Name: "http", Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "ingress" }],
  },
};

const swarmSpec = {
  Name: "default",
  Labels: { a: "b" },
  Orchestration: { TaskHistoryRetentionLimit: 5 },
  Raft: {
    SnapshotInterval: 10_000,
    KeepOldSnapshots: 0,
    LogEntriesForSlowFollowers: 500,
    ElectionTick: 10,
    HeartbeatTick: 1,
  },
  Dispatcher: { HeartbeatPeriod: 5_000_000_000 },
  CAConfig: { NodeCertExpiry: 7_776_000_000_000_000, ForceRotate: 0 },
  TaskDefaults: { LogDriver: { Name: "json-file", Options: { a: "b" } } },
  EncryptionConfig: { AutoLockManagers: false },
};

const bodies: readonly (readonly [string, object])[] = [
  ["/services/create", service],
  ["/swarm/update?version=1", swarmSpec],
  [
    "/swarm/init",
    {
      ListenAddr: "0.0.0.0:2377",
      AdvertiseAddr: "10.0.0.1",
      DataPathAddr: "",
      DataPathPort: 4789,
      ForceNewCluster: false,
      Spec: swarmSpec,
      AutoLockManagers: false,
      Availability: "active",
      DefaultAddrPool: ["10.0.0.0/8"],
      SubnetSize: 24,
    },
  ],
  [
    "/swarm/join",
    {
      ListenAddr: "0.0.0.0:2377",
      AdvertiseAddr: "",
      DataPathAddr: "",
      RemoteAddrs: ["10.0.0.1:2377"],
      JoinToken: "x",
      Availability: "active",
    },
  ],
  ["/secrets/create", { Name: "s", Labels: { a: "b" }, Data: "eA==", Templating: { Name: "golang", Options: {} } }],
  ["/configs/create", { Name: "c", Labels: { a: "b" }, Data: "eA==", Templating: { Name: "golang", Options: {} } }],
  [
    "/networks/create",
    {
      Name: "n",
      Driver: "overlay",
      IPAM: { Driver: "default", Options: {}, Config: [{ Subnet: "10.9.0.0/24", Gateway: "10.9.0.1" }] },
      Internal: false,
      Attachable: true,
      Options: { x: "y" },
      Labels: { a: "b" },
    },
  ],
];

const oddities: readonly unknown[] = [null, true, -1, 1.5, 1e300, "", "\u0000", "bogus", [], [[]], {}, { x: {} }];

type Path = readonly (string | number)[];

/** Every place in a body, the leaves and what holds them. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, member]) =>
    pathsIn(member, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? below : [path, ...below];
}

function replaced(value: unknown, path: Path, odd: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return odd;
  if (Array.isArray(value))
    return value.map((member, index) => (index === first ? replaced(member, rest, odd) : member));
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [first]: replaced(object[first], rest, odd) };
}

/** What Docker itself fails with 500. */
const dockers500 = /^(invalid name: |Invalid subnet |network .* not found|rpc error: code = Unknown desc = )/;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world[Symbol.asyncDispose]());

describe.each(bodies)("POST %s", (path, body) => {
  const isInSwarm = !/init|join/.test(path);

  beforeEach(async () => {
    world.reset();
    await world.apply([{ what: "seen", kind: "cluster", object: cluster }]);
    world.api.engine.present = false;
    world.api.backend.current = isInSwarm ? managing : inactive;
  });

  function expectSensible({ status, text, json, headers }: TestAnswer, sent: unknown): void {
    const context = `${JSON.stringify(sent).slice(0, 3000)} → ${status} ${text}`;
    if (status < 300) return;
    const { message = "" } = json as { message?: string };
    expect(headers["content-type"], context).toBe("application/json");
    expect(message, context).not.toBe("");
    if (status >= 500) expect(status === 501 ? "" : message, context).toMatch(status === 501 ? /^/ : dockers500);
  }

  it("takes the body as it is", async () => {
    expect((await world.api.call("POST", path, body)).status).toBeLessThan(300);
  });

  it("answers oddities in any place with a 2xx or a 4xx, writing all or nothing", async () => {
    for (const place of pathsIn(body)) {
      for (const odd of oddities) {
        const sent = replaced(body, place, odd);
        const before = world.version;
        const answer = await world.api.call("POST", path, sent);
        expectSensible(answer, sent);
        if (answer.status >= 300) expect(world.version).toBe(before);
        if (answer.status === 201) world.reset();
      }
    }
  }, 120_000);

  it("names the field that has a wrong type", async () => {
    for (const place of pathsIn(body)) {
      const odd = [[[]]];
      const answer = await world.api.call("POST", path, replaced(body, place, odd));
      const name = String(place.filter(part => typeof part === "string").at(-1));
      expect([place, answer.status]).toEqual([place, 400]);
      expect((answer.json as { message: string }).message).toContain(name);
    }
  });

  it("answers any JSON at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async sent => {
        const answer = await world.api.call("POST", path, sent);
        expectSensible(answer, sent);
        if (answer.status === 201) world.reset();
      }),
      { numRuns: 200, seed: 20_261_121 },
    );
  });
});

const cluster = {
  ID: "7ln43vpqyo0nq73delwf8nx8z",
  CreatedAt: "2026-11-21T11:47:30Z",
  UpdatedAt: "2026-11-21T11:47:30Z",
  Spec: swarmSpec,
  TLSInfo: {},
  RootRotationInProgress: false,
  DefaultAddrPool: null,
  SubnetSize: 24,
  DataPathPort: 4789,
};
