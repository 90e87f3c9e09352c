import type { Cluster } from "../model/objects.ts";
import { issuerCertificate } from "../pki/chain.ts";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { SimNetwork } from "../sim/transport.ts";
import type { ClusterSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { founding, newPlace, SimulatedNode } from "./simulated-nodes.test-kit.ts";

/** Longest way between two nodes, in milliseconds: to change the root takes some seconds so. */
const travelMs = 120;

/** A swarm of whole nodes: certificates are made, renewed, written and believed or not as in a real one. */
export class SimulatedSwarm {
  readonly clock = new SimClock();
  readonly network: SimNetwork;
  readonly place: ReturnType<typeof newPlace>;
  readonly managers: SimulatedNode[];
  readonly workers: SimulatedNode[];

  constructor(seed: number) {
    this.network = new SimNetwork({ clock: this.clock, random: new SimRandom(seed) });
    this.place = newPlace(this.clock, this.network, seed);
    const nodeAt = (at: number) => new SimulatedNode(`10.0.0.${at}`, this.place);
    this.managers = [1, 2, 3].map(nodeAt);
    this.workers = [4, 5].map(nodeAt);
    for (const { host: a } of this.all)
      for (const { host: b } of this.all) if (a < b) this.network.delay(a, b, 10, travelMs);
  }

  get all(): readonly SimulatedNode[] {
    return [...this.managers, ...this.workers];
  }

  async found(): Promise<void> {
    const [first, ...others] = this.all;
    for (const each of this.all) await this.until(each.start());
    await this.until(first!.node.init(founding(first!.host)));
    for (const node of others) await this.until(this.join(node));
  }

  /** Has a node that runs join, by way of the first manager. */
  join(node: SimulatedNode): Promise<void> {
    const { worker = "", manager = "" } = this.cluster.rootCa?.joinTokens ?? {};
    return node.node.join({
      listenAddress: node.host,
      advertiseAddress: node.host,
      dataPathAddress: "",
      remotes: [`${this.managers[0]!.host}:2377`],
      token: this.managers.includes(node) ? manager : worker,
      availability: NodeSpec_Availability.ACTIVE,
    });
  }

  /** A new machine whose daemon runs; it joins as a worker. */
  async addWorker(): Promise<SimulatedNode> {
    const node = new SimulatedNode(`10.0.0.${this.all.length + 1}`, this.place);
    await this.until(node.start());
    this.workers.push(node);
    return node;
  }

  /** The root that nodes trust, PEM. */
  get rootPem(): string {
    return Buffer.from(this.cluster.rootCa?.caCert ?? "").toString();
  }

  /** Whether all trust another root than `before`, and have a certificate that it signed itself. */
  hasMovedFrom(before: string): boolean {
    const { rootPem } = this;
    if (this.cluster.rootCa?.rootRotation || rootPem === before) return false;
    const own = issuerCertificate(rootPem, rootPem)!;
    return this.all.every(
      ({ credentials }) =>
        credentials?.rootPem === rootPem &&
        issuerCertificate(credentials.certificatePem, rootPem)?.publicKey.equals(own.publicKey),
    );
  }

  /** As some manager knows it. */
  get cluster(): Cluster {
    for (const { node } of this.managers.filter(({ status }) => status?.controlAvailable)) {
      const cluster = node.manager?.cluster();
      if (cluster) return cluster;
    }
    throw new Error("no manager knows the cluster");
  }

  get leader(): SimulatedNode | undefined {
    return this.managers.find(({ leads }) => leads);
  }

  /** Has the cluster's spec changed, as a user would. */
  async update(change: (spec: ClusterSpec) => ClusterSpec): Promise<void> {
    const leader = await this.eventually(() => this.leader);
    const control = leader.node.control();
    const { clusters } = await this.until(control.listClusters({}));
    const { id: clusterId, meta, spec } = clusters[0]!;
    await this.until(control.updateCluster({ clusterId, clusterVersion: meta!.version!, spec: change(spec!) }));
  }

  /** Moves time on until the work is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    for (let step = 0; !isOver && step < 6_000; step++) await this.clock.advance(50);
    if (!isOver) throw new Error("it takes more than five minutes");
    return work;
  }

  async eventually<T>(probe: () => T | undefined): Promise<T> {
    for (let step = 0; step < 6_000; step++) {
      const found = probe();
      if (found !== undefined) return found;
      await this.clock.advance(50);
    }
    throw new Error(`it has not come to be in five minutes: ${probe}`);
  }
}
