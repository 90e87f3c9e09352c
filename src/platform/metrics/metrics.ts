import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Meters } from "../../ports/meters.ts";
import { FilledHistogram } from "./filled-histogram.ts";
import { PrometheusMeters } from "./meters.ts";
import { entriesBehind, type ManagerSample, type MeasuredNode, sampleOf } from "./sample.ts";

/** A node's figures for Prometheus: its process's, what happens on it, and its manager's while it is one. In a registry of their own. */
export class Metrics {
  readonly #registry = new Registry();
  /** To be told of what happens. */
  readonly meters: Meters = new PrometheusMeters(this.#registry);
  readonly #certificate = this.#gauge(
    "shoal_certificate_expiry_timestamp_seconds",
    "When this node's certificate runs out, seconds since 1970",
  );
  readonly #led = this.#gauge("shoal_agent_connected", "1 while this node has a session with a manager, else 0");
  readonly #managing = this.#gauge("shoal_manager", "1 while this node serves as a manager, else 0");
  readonly #quorum = this.#quorumGauges();
  readonly #proposals = this.#counter("shoal_raft_proposals_total", "Batches of changes that this manager proposed");
  readonly #commit = this.#histogram(
    "shoal_raft_commit_seconds",
    "From proposing a batch of changes to having applied it",
  );
  readonly #sync = this.#histogram("shoal_raft_fsync_seconds", "What it took to make a batch of log entries durable");
  readonly #objects = this.#gauge("shoal_store_objects", "Objects of the swarm", ["kind"]);
  readonly #tasks = this.#gauge("shoal_tasks", "Tasks by state, history included", ["state"]);
  readonly #nodes = this.#gauge("shoal_nodes", "Nodes by state and availability", ["state", "availability"]);
  readonly #services = this.#gauge(
    "shoal_service_tasks",
    "Tasks of a service that is no job: how many it wants, and how many run",
    ["service", "count"],
  );
  readonly #addresses = this.#gauge("shoal_network_addresses", "Addresses of a network, by whether they are held", [
    "network",
    "use",
  ]);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The names of all metrics, of those too that have no figure now. */
  get names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything as it is now, in Prometheus' text format. */
  text({ manager, certificateNotAfterMs, isLed }: MeasuredNode): Promise<string> {
    this.#certificate.remove();
    if (certificateNotAfterMs !== undefined) this.#certificate.set(certificateNotAfterMs / 1000);
    this.#led.remove();
    if (isLed !== undefined) this.#led.set(isLed ? 1 : 0);
    this.#managing.set(manager ? 1 : 0);
    this.#forget();
    if (manager) this.#fill(sampleOf(manager));
    return this.#registry.metrics();
  }

  /** A figure of a manager that is none any more would be a lie, and so would a 0. */
  #forget(): void {
    const { leader, behind, ...single } = this.#quorum;
    for (const gauge of Object.values(single)) gauge.remove();
    const ofSwarm = [this.#objects, this.#tasks, this.#nodes, this.#services, this.#addresses];
    for (const gauge of [leader, behind, ...ofSwarm]) gauge.reset();
  }

  #fill(sample: ManagerSample): void {
    this.#fillQuorum(sample);
    this.#fillSwarm(sample);
  }

  #fillQuorum({ status, members }: ManagerSample): void {
    const { raft } = status;
    const gauges = this.#quorum;
    gauges.term.set(Number(raft.term));
    gauges.leading.set(status.leadership.kind === "leading" ? 1 : 0);
    gauges.committed.set(Number(raft.committed));
    gauges.applied.set(Number(raft.applied));
    gauges.snapshotIndex.set(Number(status.snapshotIndex));
    gauges.snapshotBytes.set(status.snapshotBytes);
    gauges.members.set(members.length);
    gauges.reachable.set(members.filter(member => member.isReachable).length);
    for (const member of members) gauges.leader.set({ node_id: member.nodeId }, member.isLeader ? 1 : 0);
    const nodeIds = new Map(members.map(({ raftId, nodeId }) => [raftId, nodeId]));
    for (const [raftId, entries] of entriesBehind(status))
      gauges.behind.set({ node_id: nodeIds.get(raftId) ?? "" }, entries);
    this.#proposals.reset();
    this.#proposals.inc(status.proposals);
    this.#commit.fill(status.commitLatency);
    this.#sync.fill(status.syncLatency);
  }

  #fillSwarm({ objects, tasks, nodes, services, addresses }: ManagerSample): void {
    for (const [kind, count] of Object.entries(objects)) this.#objects.set({ kind }, count);
    for (const [state, count] of Object.entries(tasks)) this.#tasks.set({ state }, count);
    for (const { count, ...labels } of nodes) this.#nodes.set(labels, count);
    for (const { name: service, desired, running } of services) {
      this.#services.set({ service, count: "desired" }, desired);
      this.#services.set({ service, count: "running" }, running);
    }
    for (const { name: network, capacity, inUse } of addresses) {
      this.#addresses.set({ network, use: "held" }, inUse);
      this.#addresses.set({ network, use: "free" }, capacity - inUse);
    }
  }

  #quorumGauges() {
    return {
      term: this.#gauge("shoal_raft_term", "Raft's term as this manager knows it"),
      leading: this.#gauge("shoal_raft_leading", "1 while this manager leads, else 0"),
      leader: this.#gauge("shoal_raft_leader", "1 for the member that leads as this manager sees it, else 0", [
        "node_id",
      ]),
      committed: this.#gauge("shoal_raft_committed_index", "Last log entry that this manager knows to be committed"),
      applied: this.#gauge("shoal_raft_applied_index", "Last log entry that this manager's objects have taken in"),
      behind: this.#gauge(
        "shoal_raft_peer_entries_behind",
        "Log entries that a member has yet to take; on the leader",
        ["node_id"],
      ),
      members: this.#gauge("shoal_raft_members", "Members of the quorum, learners included"),
      reachable: this.#gauge("shoal_raft_members_reachable", "Members that this manager reaches, itself included"),
      snapshotIndex: this.#gauge("shoal_raft_snapshot_index", "Log entry that the newest snapshot stands for"),
      snapshotBytes: this.#gauge("shoal_raft_snapshot_bytes", "The newest snapshot's size on disk"),
    };
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] });
  }

  #histogram(name: string, help: string): FilledHistogram {
    const histogram = new FilledHistogram(name, help);
    this.#registry.registerMetric(histogram);
    return histogram;
  }
}
