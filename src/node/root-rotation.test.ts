import { describe, expect, it } from "vitest";
import type { Cluster } from "../model/objects.ts";
import { issuerCertificate } from "../pki/chain.ts";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { SimNetwork } from "../sim/transport.ts";
import { NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { founding, newPlace, SimulatedNode } from "./simulated-nodes.test-kit.ts";

/** Longest way between two nodes, in milliseconds: to change the root takes some seconds so. */
const travelMs = 120;

/** A swarm of whole nodes: certificates are made, renewed, written and believed or not as in a real one. */
class Swarm {
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
    const { worker = "", manager = "" } = this.cluster.rootCa?.joinTokens ?? {};
    for (const node of others) {
      const token = this.managers.includes(node) ? manager : worker;
      await this.until(
        node.node.join({
          listenAddress: node.host,
          advertiseAddress: node.host,
          dataPathAddress: "",
          remotes: [`${first!.host}:2377`],
          token,
          availability: NodeSpec_Availability.ACTIVE,
        }),
      );
    }
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

  async rotate(): Promise<void> {
    const leader = await this.eventually(() => this.leader);
    const control = leader.node.control();
    const { clusters } = await this.until(control.listClusters({}));
    const { id: clusterId, meta, spec } = clusters[0]!;
    const caConfig = { ...spec!.caConfig!, forceRotate: spec!.caConfig!.forceRotate + 1n };
    await this.until(
      control.updateCluster({ clusterId, clusterVersion: meta!.version!, spec: { ...spec!, caConfig } }),
    );
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

  /** Everybody trusts the cluster's root, and has a certificate that it signed itself. */
  isMoved(before: string): true | undefined {
    const root = this.cluster.rootCa;
    const rootPem = Buffer.from(root?.caCert ?? "").toString();
    if (root?.rootRotation || rootPem === before) return undefined;
    return (
      this.all.every(({ credentials }) => {
        return (
          credentials?.rootPem === rootPem &&
          issuerCertificate(credentials.certificatePem, rootPem)?.publicKey.equals(
            issuerCertificate(rootPem, rootPem)!.publicKey,
          )
        );
      }) || undefined
    );
  }
}

describe("changing the root CA of a simulated swarm", () => {
  it.each([1, 2, 3, 4])(
    "moves every node over, whoever is killed meanwhile, and no two nodes ever distrust each other (seed %d)",
    async seed => {
      const swarm = new Swarm(seed);
      await swarm.found();
      const dice = new SimRandom(seed);
      for (let round = 1; round <= 2; round++) {
        const before = Buffer.from(swarm.cluster.rootCa!.caCert).toString();
        await swarm.rotate();
        for (let kills = 0; kills < 3; kills++) {
          await swarm.clock.advance(dice.float() * 1_000);
          const leader = swarm.leader;
          const victim = kills === 0 && leader ? leader : swarm.all[Math.floor(dice.float() * swarm.all.length)]!;
          victim.kill(dice.float() < 0.5);
          await swarm.clock.advance(dice.float() * 3_000);
          await swarm.until(victim.start());
        }
        await swarm.eventually(() => swarm.isMoved(before));
        await swarm.clock.advance(5_000);
      }
      expect(swarm.place.distrust).toEqual([]);
      for (const { status } of swarm.all) expect(status).toMatchObject({ state: "active", error: "" });
    },
    60_000,
  );

  it("waits for a node that is down", async () => {
    const swarm = new Swarm(99);
    await swarm.found();
    const before = Buffer.from(swarm.cluster.rootCa!.caCert).toString();
    swarm.workers[0]!.kill();
    await swarm.rotate();
    await swarm.clock.advance(120_000);
    expect(swarm.cluster.rootCa?.rootRotation).toBeDefined();
    await swarm.until(swarm.workers[0]!.start());
    await swarm.eventually(() => swarm.isMoved(before));
    expect(swarm.place.distrust).toEqual([]);
  }, 60_000);
});
