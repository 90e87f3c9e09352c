import { create } from "@bufbuild/protobuf";
import { register } from "prom-client";
import { afterEach, describe, expect, it } from "vitest";
import { LatencyMeter } from "../../consensus/latency.ts";
import type { ConsensusStatus } from "../../consensus/status.ts";
import { Fault } from "../../lib/fault.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { noConfiguration } from "../../raft/configuration.ts";
import { SimClock } from "../../sim/clock.ts";
import { sampleConfig, sampleNetwork, sampleNode, sampleService, sampleTask } from "../../sim/samples.ts";
import { newSimStore } from "../../sim/store.ts";
import { EndpointSchema, NetworkAttachmentSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  IPAMOptionsSchema,
  NodeStatus_State,
  NodeStatusSchema,
  TaskState,
  TaskStatusSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { measuredRuntime } from "./measured-runtime.ts";
import { Metrics } from "./metrics.ts";
import type { MeasuredManager, MeasuredNode } from "./sample.ts";
import { type MetricsServer, serveMetrics } from "./server.ts";

const servers: MetricsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

function serve(manager: () => MeasuredManager | undefined, address = ":0"): Promise<MetricsServer> {
  const node = {
    get manager() {
      return manager();
    },
    certificateNotAfterMs: undefined,
  };
  return serveNode(node, address);
}

async function serveNode(node: MeasuredNode, address = ":0"): Promise<MetricsServer> {
  const server = await serveMetrics(address, node);
  servers.push(server);
  return server;
}

/** The figures of a scrape: `name{labels}` to value. */
async function scrape(server: MetricsServer): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`http://${server.address}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  const lines = (await answer.text()).split("\n").filter(line => line !== "" && !line.startsWith("#"));
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]));
}

const members = [
  { raftId: 1n, nodeId: "n1", address: "192.0.2.1:2377", isLeader: true, isReachable: true, isVoter: true },
  { raftId: 2n, nodeId: "n2", address: "192.0.2.2:2377", isLeader: false, isReachable: true, isVoter: true },
  { raftId: 3n, nodeId: "n3", address: "192.0.2.3:2377", isLeader: false, isReachable: false, isVoter: true },
];

function leaderStatus(): ConsensusStatus {
  const commit = new LatencyMeter();
  for (const ms of [0.4, 3, 9000]) commit.observe(ms);
  const sync = new LatencyMeter();
  sync.observe(1.5);
  const place = { state: "replicate", next: 0n, active: true } as const;
  return {
    raftId: 1n,
    leadership: { kind: "leading", term: 4n },
    raft: {
      ...{ id: 1n, role: "leader", term: 4n, vote: 1n, leader: 1n, transferee: 0n },
      ...{ firstIndex: 1n, lastIndex: 120n, durableIndex: 120n, committed: 118n, applied: 117n },
      configuration: { ...noConfiguration, voters: [1n, 2n, 3n] },
      peers: new Map([
        [1n, { ...place, match: 120n }],
        [2n, { ...place, match: 119n }],
        [3n, { ...place, match: 20n }],
      ]),
    },
    proposals: 42,
    commitLatency: commit.summary(),
    syncLatency: sync.summary(),
    snapshotIndex: 100n,
    snapshotBytes: 65_536,
  };
}

async function manager(): Promise<MeasuredManager> {
  const store = newSimStore();
  const web = sampleService("s1", "web");
  const task = (id: string, state: TaskState) => ({
    ...sampleTask(id, web),
    status: create(TaskStatusSchema, { state }),
  });
  const network = {
    ...sampleNetwork("net"),
    ipam: create(IPAMOptionsSchema, { configs: [{ subnet: "10.9.0.0/29", gateway: "10.9.0.1" }] }),
  };
  const at = (address: string) => [create(NetworkAttachmentSchema, { network, addresses: [address] })];
  await store.update(tx => {
    tx.network.create(network);
    for (const [id, state] of [
      ["n2", NodeStatus_State.DOWN],
      ["n3", NodeStatus_State.DOWN],
    ] as const)
      tx.node.create({ ...sampleNode(id), status: create(NodeStatusSchema, { state }) });
    tx.node.create({ ...sampleNode("n1"), attachments: at("10.9.0.2/29") });
    const virtualIps = [{ networkId: "net", addr: "10.9.0.3/29" }];
    tx.service.create({ ...web, endpoint: create(EndpointSchema, { virtualIps }) });
    for (const [n, id] of ["t1", "t2"].entries())
      tx.task.create({ ...task(id, TaskState.RUNNING), networks: at(`10.9.0.${4 + n}/29`) });
    tx.task.create(task("t3", TaskState.FAILED));
    for (const id of ["c1", "c2", "c3"]) tx.config.create(sampleConfig(id, id));
  });
  return { consensus: { status: leaderStatus, members }, view: callback => store.view(callback) };
}

describe("metrics", () => {
  it("show a manager's part in the quorum", async () => {
    const measured = await manager();
    const figures = Object.fromEntries(await scrape(await serve(() => measured)));
    expect(figures).toMatchObject({
      shoal_manager: 1,
      shoal_raft_term: 4,
      shoal_raft_leading: 1,
      'shoal_raft_leader{node_id="n1"}': 1,
      'shoal_raft_leader{node_id="n2"}': 0,
      shoal_raft_committed_index: 118,
      shoal_raft_applied_index: 117,
      'shoal_raft_peer_entries_behind{node_id="n2"}': 1,
      'shoal_raft_peer_entries_behind{node_id="n3"}': 100,
      shoal_raft_members: 3,
      shoal_raft_members_reachable: 2,
      shoal_raft_snapshot_index: 100,
      shoal_raft_snapshot_bytes: 65_536,
      shoal_raft_proposals_total: 42,
    });
    expect(figures).not.toHaveProperty('shoal_raft_peer_entries_behind{node_id="n1"}');
  });

  it("show latencies as cumulative histograms in seconds", async () => {
    const measured = await manager();
    const figures = Object.fromEntries(await scrape(await serve(() => measured)));
    expect(figures).toMatchObject({
      'shoal_raft_commit_seconds_bucket{le="0.0005"}': 1,
      'shoal_raft_commit_seconds_bucket{le="0.002"}': 1,
      'shoal_raft_commit_seconds_bucket{le="0.004"}': 2,
      'shoal_raft_commit_seconds_bucket{le="4.096"}': 2,
      'shoal_raft_commit_seconds_bucket{le="+Inf"}': 3,
      shoal_raft_commit_seconds_sum: 9.0034,
      shoal_raft_commit_seconds_count: 3,
      shoal_raft_fsync_seconds_count: 1,
    });
  });

  it("count objects by kind and tasks by state", async () => {
    const measured = await manager();
    const figures = Object.fromEntries(await scrape(await serve(() => measured)));
    expect(figures).toMatchObject({
      'shoal_store_objects{kind="service"}': 1,
      'shoal_store_objects{kind="task"}': 3,
      'shoal_store_objects{kind="config"}': 3,
      'shoal_store_objects{kind="secret"}': 0,
      'shoal_tasks{state="running"}': 2,
      'shoal_tasks{state="failed"}': 1,
      'shoal_tasks{state="pending"}': 0,
      'shoal_nodes{state="ready",availability="active"}': 1,
      'shoal_nodes{state="down",availability="active"}': 2,
      'shoal_nodes{state="down",availability="drain"}': 0,
      'shoal_service_tasks{service="web",count="desired"}': 1,
      'shoal_service_tasks{service="web",count="running"}': 2,
      'shoal_network_addresses{network="net",use="held"}': 4,
      'shoal_network_addresses{network="net",use="free"}': 1,
    });
  });

  it("show only the process while the node is no manager, and nothing of the manager it was", async () => {
    let current: MeasuredManager | undefined = await manager();
    const server = await serve(() => current);
    expect((await scrape(server)).get("shoal_raft_term")).toBe(4);
    current = undefined;
    const figures = await scrape(server);
    expect(figures.get("shoal_manager")).toBe(0);
    expect(figures.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
    const ofManager = /^shoal_(raft_(term|lead|commit.*index|applied|peer|members|snapshot)|store|tasks|nodes|service)/;
    expect([...figures.keys()].filter(name => ofManager.test(name))).toEqual([]);
  });

  it("tell when the node's certificate runs out, while it has one", async () => {
    let certificateNotAfterMs: number | undefined = 1_800_000_000_500;
    const server = await serveNode({
      manager: undefined,
      get certificateNotAfterMs() {
        return certificateNotAfterMs;
      },
    });
    const name = "shoal_certificate_expiry_timestamp_seconds";
    expect((await scrape(server)).get(name)).toBe(1_800_000_000.5);
    certificateNotAfterMs = undefined;
    expect((await scrape(server)).has(name)).toBe(false);
  });

  it("tell whether a manager leads the node, while it is in a swarm", async () => {
    let isLed: boolean | undefined = true;
    const server = await serveNode({
      ...{ manager: undefined, certificateNotAfterMs: undefined },
      get isLed() {
        return isLed;
      },
    });
    expect((await scrape(server)).get("shoal_agent_connected")).toBe(1);
    isLed = false;
    expect((await scrape(server)).get("shoal_agent_connected")).toBe(0);
    isLed = undefined;
    expect((await scrape(server)).has("shoal_agent_connected")).toBe(false);
  });

  it("count what happens, and how long it took", async () => {
    const metrics = new Metrics();
    const { meters } = metrics;
    const clock = new SimClock();
    const away = new Fault("unavailable", "away");
    const engine = { list: async () => [], inspect: () => Promise.reject(away) } as Partial<Runtime> as Runtime;
    const runtime = measuredRuntime(engine, meters, clock);
    await runtime.list();
    await expect(runtime.inspect("t1")).rejects.toBe(away);
    meters.taskScheduled(80);
    meters.taskStarted(70_000);
    meters.apiAnswered({ method: "GET", route: "services", status: 200 }, 4);
    meters.sessions(7);
    meters.heartbeat();
    meters.nodeLost();
    meters.networkApplied(12, false);
    meters.networkRepaired();
    const server = await serveMetrics(":0", { manager: undefined, certificateNotAfterMs: undefined }, metrics);
    servers.push(server);
    expect(Object.fromEntries(await scrape(server))).toMatchObject({
      'shoal_runtime_operation_seconds_count{operation="list"}': 1,
      'shoal_runtime_operation_seconds_count{operation="inspect"}': 1,
      'shoal_runtime_failures_total{operation="inspect",code="unavailable"}': 1,
      'shoal_task_scheduling_seconds_bucket{le="0.1"}': 1,
      'shoal_task_start_seconds_bucket{le="60"}': 0,
      shoal_task_start_seconds_sum: 70,
      'shoal_api_request_seconds_bucket{le="0.005",method="GET",route="services",code="200"}': 1,
      ...{ shoal_agent_sessions: 7, shoal_agent_heartbeats_total: 1, shoal_agent_sessions_lost_total: 1 },
      ...{ shoal_network_apply_seconds_sum: 0.012, shoal_network_failures_total: 1, shoal_network_repairs_total: 1 },
    });
  });

  it("are in a registry of their own: several nodes can run in one process", async () => {
    const [first, second] = [await serve(() => undefined), await serve(() => undefined)];
    expect((await scrape(first)).get("shoal_manager")).toBe(0);
    expect((await scrape(second)).get("shoal_manager")).toBe(0);
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});

describe("the metrics server", () => {
  it("listens on this machine alone when only a port is given", async () => {
    expect((await serve(() => undefined)).address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("answers nothing but GET /metrics", async () => {
    const { address } = await serve(() => undefined);
    expect((await fetch(`http://${address}/`)).status).toBe(404);
    expect((await fetch(`http://${address}/metrics`, { method: "POST" })).status).toBe(405);
    const head = await fetch(`http://${address}/metrics`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it.each(["9323", "host", "http://host:9323", "host:port"])("does not take %j for an address", async address => {
    await expect(serve(() => undefined, address)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("says when its address is taken", async () => {
    const { address } = await serve(() => undefined);
    await expect(serve(() => undefined, address)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(`Cannot serve metrics on "${address}": listen EADDRINUSE`),
    });
  });
});
