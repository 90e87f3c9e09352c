import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import type { Client } from "../../src/ports/transport.ts";
import * as control from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { ApiTemplate } from "./http.ts";
import type { Tree } from "./mutator.ts";
import type { Templates } from "./rpc-inputs.ts";

const service: Tree = {
  Name: "web",
  Labels: { a: "b" },
  TaskTemplate: {
    ContainerSpec: {
      Image: "shoal/sleep",
      Args: ["1000"],
      Env: ["A={{.Service.Name}}"],
      User: "1000",
      Hostname: "h-{{.Task.Slot}}",
      Mounts: [
        { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1024, Mode: 448 } },
        { Type: "volume", Source: "v", Target: "/v", VolumeOptions: { Labels: {} } },
      ],
      StopGracePeriod: 1_000_000,
      Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000, Retries: 3 },
      Hosts: ["10.0.0.1 db"],
      DNSConfig: { Nameservers: ["1.1.1.1"] },
      Sysctls: { "net.core.somaxconn": "1024" },
      Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
    },
    Resources: { Limits: { NanoCPUs: 1_000_000_000, MemoryBytes: 67_108_864, Pids: 100 }, Reservations: {} },
    RestartPolicy: { Condition: "any", Delay: 5_000_000_000, MaxAttempts: 3, Window: 1_000_000_000 },
    Placement: {
      Constraints: ["node.role==manager"],
      Preferences: [{ Spread: { SpreadDescriptor: "node.labels.zone" } }],
      MaxReplicas: 2,
    },
    LogDriver: { Name: "json-file", Options: { "max-size": "1m" } },
    ForceUpdate: 1,
  },
  Mode: { Replicated: { Replicas: 1 } },
  UpdateConfig: {
    Parallelism: 2,
    Delay: 1_000_000_000,
    FailureAction: "pause",
    MaxFailureRatio: 0.1,
    Order: "start-first",
  },
  RollbackConfig: { Parallelism: 1, FailureAction: "continue" },
  EndpointSpec: { Mode: "vip", Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "host" }] },
};

const job: Tree = {
  Name: "job",
  TaskTemplate: { ContainerSpec: { Image: "shoal/sleep", Args: ["0"] }, RestartPolicy: { Condition: "none" } },
  Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 2 } },
};

const swarm: Tree = {
  Name: "default",
  Labels: { a: "b" },
  Orchestration: { TaskHistoryRetentionLimit: 5 },
  Raft: {
    SnapshotInterval: 200,
    KeepOldSnapshots: 0,
    LogEntriesForSlowFollowers: 500,
    ElectionTick: 10,
    HeartbeatTick: 1,
  },
  Dispatcher: { HeartbeatPeriod: 5_000_000_000 },
  CAConfig: {
    NodeCertExpiry: 7_776_000_000_000_000,
    ExternalCAs: [{ Protocol: "cfssl", URL: "https://127.0.0.1:1", CACert: "x" }],
  },
  EncryptionConfig: { AutoLockManagers: false },
};

const network: Tree = {
  Name: "net",
  Driver: "overlay",
  Attachable: true,
  EnableIPv6: false,
  IPAM: { Driver: "default", Config: [{ Subnet: "10.9.0.0/24", Gateway: "10.9.0.1", IPRange: "10.9.0.0/25" }] },
  Options: { encrypted: "" },
  Labels: { a: "b" },
};

const data: Tree = { Name: "data", Labels: { a: "b" }, Data: "c2VjcmV0", Templating: { Name: "golang" } };
const node: Tree = { Name: "n", Labels: { a: "b" }, Role: "manager", Availability: "active" };
const joining: Tree = {
  ListenAddr: "127.0.0.1:2377",
  AdvertiseAddr: "127.0.0.1",
  RemoteAddrs: ["127.0.0.1:1"],
  JoinToken: "SWMTKN-1-x-y",
  Availability: "active",
};

/** What Docker's clients send, and then some. Left out: leaving, which would end the manager, and backups, each a second's work. */
export const apiTemplates: readonly ApiTemplate[] = [
  ...["/info", "/version", "/_ping", "/swarm", "/nodes", "/tasks", "/networks", "/swarm/unlockkey"].map(get),
  ...["/services?status=true", "/secrets?filters={}", "/configs", "/containers/json?all=1", "/images/json"].map(get),
  ...["services", "nodes", "tasks", "secrets", "configs", "networks"].map(kind => get(`/v1.43/${kind}/{id}`)),
  ...["services", "nodes", "secrets", "configs", "networks"].map(kind => ({ method: "DELETE", path: `/${kind}/{id}` })),
  get('/services?filters={"name":{"web":true},"mode":["global"],"label":["a=b"]}'),
  get("/services/{id}/logs?stdout=1&stderr=1&tail=10&timestamps=1"),
  get("/events?since=0&until=1"),
  ...[service, service, job].map(body => post("/v1.43/services/create", body)),
  ...[service, job].map(body => post("/services/{id}/update?version=1&registryAuthFrom=spec&rollback=previous", body)),
  post("/swarm/update?version=5&rotateWorkerToken=0&rotateManagerToken=false", swarm),
  post("/swarm/init", {
    ListenAddr: "127.0.0.1:2377",
    AdvertiseAddr: "127.0.0.1",
    DefaultAddrPool: ["10.0.0.0/8"],
    Spec: swarm,
  }),
  post("/swarm/join", joining),
  post("/swarm/unlock", { UnlockKey: "SWMKEY-1-x" }),
  post("/nodes/{id}/update?version=3", node),
  post("/networks/create", network),
  post("/networks/{id}/connect", { Container: "x", EndpointConfig: { IPAMConfig: { IPv4Address: "10.0.0.1" } } }),
  ...["secrets", "configs"].flatMap(kind => [
    post(`/${kind}/create`, data),
    post(`/${kind}/{id}/update?version=2`, data),
  ]),
  post("/shoal/restore", { passphrase: "x" }),
];

function get(path: string): ApiTemplate {
  return { method: "GET", path };
}

function post(path: string, body: Tree): ApiTemplate {
  return { method: "POST", path, body };
}

/** Requests of the cluster's API about what is there now. */
export async function rpcTemplates(client: Client<typeof control.Control>): Promise<Templates> {
  const [{ services }, { nodes }, { clusters }, { secrets }, { configs }, { networks }] = await Promise.all([
    client.listServices({}),
    client.listNodes({}),
    client.listClusters({}),
    client.listSecrets({}),
    client.listConfigs({}),
    client.listNetworks({}),
  ]);
  const updates = <T extends { id: string; meta?: unknown; spec?: unknown }>(
    objects: readonly T[],
    kind: string,
    schema: Parameters<typeof create>[0],
  ) =>
    objects.slice(0, 5).map(({ id, meta, spec }) => {
      const version = (meta as { version?: unknown } | undefined)?.version;
      return copied(schema, { [`${kind}Id`]: id, [`${kind}Version`]: version, spec });
    });
  const creations = <T extends { spec?: unknown }>(objects: readonly T[], schema: Parameters<typeof create>[0]) =>
    objects.slice(0, 5).map(({ spec }) => copied(schema, { spec }));
  return new Map<string, readonly Message[]>(
    [
      ["CreateService", creations(services, control.CreateServiceRequestSchema)],
      ["UpdateService", updates(services, "service", control.UpdateServiceRequestSchema)],
      ["UpdateNode", updates(nodes, "node", control.UpdateNodeRequestSchema)],
      ["UpdateCluster", updates(clusters, "cluster", control.UpdateClusterRequestSchema)],
      ["CreateSecret", creations(secrets, control.CreateSecretRequestSchema)],
      ["UpdateSecret", updates(secrets, "secret", control.UpdateSecretRequestSchema)],
      ["CreateConfig", creations(configs, control.CreateConfigRequestSchema)],
      ["UpdateConfig", updates(configs, "config", control.UpdateConfigRequestSchema)],
      ["CreateNetwork", creations(networks, control.CreateNetworkRequestSchema)],
    ].filter(([, messages]) => (messages as readonly Message[]).length > 0) as [string, readonly Message[]][],
  );
}

/** Apart from what it was made of: messages are varied in place. */
function copied(schema: Parameters<typeof create>[0], init: object): Message {
  return fromBinary(schema, toBinary(schema, create(schema, init as never)));
}
