import { asFault, Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { PlaneFacts } from "../model/node-plane.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import { type Meters, noMeters } from "../ports/meters.ts";
import type { NameSockets } from "../ports/name-sockets.ts";
import type { BridgeNetworks, NetOps, NetPart } from "../ports/net-ops.ts";
import type { Random } from "../ports/random.ts";
import type { TunnelOps } from "../ports/tunnel-ops.ts";
import type { NetworkMessage } from "../wire/gen/shoal/v1/network_pb.ts";
import { Builder } from "./builder.ts";
import { Resolver } from "./dns/resolver.ts";
import { Doubts, type Look } from "./doubts.ts";
import { DriftWatch } from "./drift-watch.ts";
import { localNetworks, refusalOf } from "./local-networks.ts";
import { devicePrefixes } from "./names.ts";
import type { PlaneMemory } from "./plane-memory.ts";
import { applyMessage, emptyPlane, type Plane, withoutNetworks } from "./plane-state.ts";
import { Reconciler } from "./reconciler.ts";
import type { Self } from "./self.ts";
import { type ComparedTunnel, TunnelKeeper, type TunnelState, unencrypted } from "./tunnel/tunnel-keeper.ts";
import { wantedTunnel } from "./tunnel/wanted-tunnel.ts";
import { Versions } from "./versions.ts";
import { wantedPlane } from "./wanted.ts";

/** What a packet of an underlay may have where nothing is known of it, in bytes: Ethernet's. */
const usualMtu = 1_500;

/** How long a task that is to be stopped waits for this node's own rules, in milliseconds. */
const leaveLimitMs = 10_000;

export interface DataPlaneOptions {
  readonly nodeId: string;
  /** What other nodes know this one by: VXLAN packets leave from it. */
  readonly address: string;
  readonly ops: NetOps;
  readonly tunnels: TunnelOps;
  readonly engine: BridgeNetworks;
  readonly names: NameSockets;
  /** What outlasts a restart; nothing does without. */
  readonly memory?: PlaneMemory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meters?: Meters;
}

/** A data plane as it is to be, at one moment. */
export interface PlaneView {
  readonly plane: Plane;
  readonly self: Self;
  readonly leaving: ReadonlySet<string>;
  readonly astray: readonly string[];
  /** Why it could not be made so the last time. */
  readonly fault: Fault | undefined;
}

/**
 * A node's networks: holds what the managers say of them, and brings this machine there. Nothing is touched before they have
 * said it once, and without them everything stays as it is, also when the daemon is restarted.
 */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #builder: Builder;
  readonly #reconciler: Reconciler;
  readonly #resolver: Resolver;
  readonly #tunnel: TunnelKeeper;
  readonly #drifts: DriftWatch;
  readonly #leaving = new Set<string>();
  readonly #versions = new Versions();
  readonly #closing = new AbortController();
  #plane: Plane = emptyPlane;
  #self: Self;
  /** The next comparison trusts nothing. */
  #rewrites = false;
  /** Where containers call from whose questions for names are to be led here. */
  #astray: readonly string[] = [];
  #refused = new Map<string, Fault>();
  #unserved: string | undefined;
  /** The networks that are in place, by id. */
  #ready: ReadonlySet<string> = new Set();
  /** Those of them that still have other addresses than they ought to. */
  #stale: ReadonlySet<string> = new Set();
  readonly #doubts = new Doubts();
  /** How long the last look took, in milliseconds. */
  #lookMs = 0;
  /** Something else is wanted than what a pass is making or looking at. */
  #newer = new AbortController();

  constructor(options: DataPlaneOptions) {
    const { nodeId, address, names, clock, random, log, meters = noMeters } = options;
    this.#options = options;
    this.#self = { nodeId, address, underlayMtu: usualMtu, filtersBridges: false };
    this.#builder = new Builder({ ...options, onRepair: () => meters.networkRepaired() });
    this.#resolver = new Resolver(names);
    this.#tunnel = new TunnelKeeper({ ...options, onDrift: () => this.#drift() });
    this.#drifts = new DriftWatch({
      ...options,
      prefixes: devicePrefixes(nodeId),
      onDrift: parts => this.#doubt(parts),
    });
    this.#reconciler = new Reconciler({ pass: compare => this.#pass(compare), clock, random, log, meters });
  }

  /** Takes up what the managers said before a restart, until they say it anew. */
  async recall(): Promise<void> {
    const message = await this.#options.memory?.load();
    if (!message || this.#plane !== emptyPlane) return;
    this.#plane = applyMessage(emptyPlane, message);
    void this.#changed();
  }

  /** What other nodes are to know of this one. */
  async facts(): Promise<Omit<PlaneFacts, "dataAddress">> {
    const { ops, nodeId, address } = this.#options;
    return {
      wireguardKey: new Uint8Array(Buffer.from(await this.#tunnel.publicKey(), "base64")),
      filtersBridges: await ops.canFilterBridges(),
      addresses: (await ops.globalAddresses(devicePrefixes(nodeId))).filter(each => each !== address),
    };
  }

  /** Takes in a message of the managers'. Resolves when this node's rules are made from it: `Versions.next`. */
  receive(message: NetworkMessage): Promise<boolean> {
    this.#unserved = undefined;
    this.#plane = applyMessage(this.#plane, message);
    this.#options.memory?.note(this.#plane);
    for (const taskId of this.#leaving) if (!this.#plane.endpoints.has(taskId)) this.#leaving.delete(taskId);
    return this.#changed();
  }

  /** The managers have nothing to say of networks: what there is stays, and nothing comes. */
  unserved(reason: string): void {
    this.#unserved = reason;
    this.#reconciler.release();
  }

  /**
   * Sends nothing new to a task that is about to be stopped. Resolves when that is so on this node, or cannot be brought about for
   * long: a node whose rules cannot be changed must still stop tasks.
   */
  async leave(taskId: string, signal: AbortSignal): Promise<void> {
    if (!this.#plane.endpoints.get(taskId)?.ready || this.#leaving.has(taskId)) return;
    this.#leaving.add(taskId);
    const inForce = this.#changed();
    const over = new AbortController();
    await Promise.race([inForce, sleep(this.#options.clock, leaveLimitMs, AbortSignal.any([signal, over.signal]))]);
    over.abort();
  }

  /**
   * Resolves when these networks are in place, or when `signal` aborts. `waiting` gets the reason while they are not. Fault
   * invalid_argument when they never will be. `staleToo`: for a container that may itself be what keeps a network from being made anew.
   */
  async ready(
    networkIds: readonly string[],
    waiting: (reason: string) => void,
    signal: AbortSignal,
    staleToo = false,
  ): Promise<void> {
    for (;;) {
      const missing = networkIds.find(id => !this.#ready.has(id) || (!staleToo && this.#stale.has(id)));
      if (missing === undefined || signal.aborted) return;
      if (this.#unserved !== undefined)
        throw new Fault("invalid_argument", `Cannot connect to network ${missing}: ${this.#unserved}`);
      waiting(this.#whyNot(missing));
      await this.#reconciler.passed(signal);
    }
  }

  /**
   * A container has begun on one of the networks, and has brought ports, which a task's calls to itself go by: they are looked at now.
   * The kernel tells of them, too, but a look at what it tells has to wait for its turn.
   */
  containerBegan(): void {
    if (this.#plane === emptyPlane) return;
    this.#doubts.add(["links"], this.#options.clock.monotonic());
    this.#reconciler.wake();
  }

  /** A container has ended: what the engine refused because of it may be done now. */
  containerEnded(): void {
    if (this.#reconciler.fault) this.#reconciler.renew();
  }

  /** Containers that call from these addresses ask for names of these networks; `astray`: those that ask others than this node. */
  setCallers(callers: ReadonlyMap<string, readonly string[]>, astray: readonly string[] = []): void {
    this.#resolver.setCallers(callers);
    if (same(this.#astray, astray)) return;
    this.#astray = astray;
    this.#reconciler.wake();
  }

  /** Where a container on these networks asks for names: this node's address on the first that answers. */
  nameServers(networkIds: readonly string[]): string[] {
    const networks = localNetworks(this.#plane, this.#self).filter(({ network }) => !network.ingress);
    const first = networks.find(({ network }) => networkIds.includes(network.id));
    return first?.gateways.slice(0, 1) ?? [];
  }

  /** What the managers have said last, and what of it is not in place, for who compares that with the machine. */
  get view(): PlaneView {
    return {
      plane: this.#plane,
      self: this.#self,
      leaving: this.#leaving,
      astray: this.#astray,
      fault: this.#reconciler.fault,
    };
  }

  /** This node's tunnel compared with what it ought to be; undefined where no network is encrypted. */
  async compareTunnel(): Promise<ComparedTunnel | undefined> {
    const wanted = wantedTunnel(this.#plane, this.#self);
    return wanted && this.#tunnel.compare(wanted);
  }

  /** Compares everything with what there really is, and puts right what is not. Resolves when that was tried, or at `signal`. */
  compareNow(signal: AbortSignal): Promise<void> {
    this.#rewrites = true;
    this.#doubts.insist(this.#options.clock.monotonic());
    return this.#reconciler.compareNow(signal);
  }

  /** Lets go. The networks stay as they are, and traffic goes on. */
  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#reconciler.stop();
    await this.#builder.settled();
    await this.#drifts.stop();
    this.#tunnel.stop();
    this.#versions.reach(this.#versions.latest);
    await this.#options.names.close();
    await this.#options.memory?.close();
  }

  /** Stops, and removes everything that was made. */
  async remove(): Promise<void> {
    await this.#options.memory?.forget();
    await this.stop();
    await this.#builder.clear();
    await this.#tunnel.remove();
  }

  /** The tunnel is not as it was left. */
  #drift(): void {
    this.#doubts.add("everything", this.#options.clock.monotonic());
    this.#reconciler.wake();
  }

  /** Resolves when that has been looked at, with how long the look took, in milliseconds. */
  async #doubt(parts: ReadonlySet<NetPart>): Promise<number> {
    const { signal } = this.#closing;
    this.#doubts.add(parts, this.#options.clock.monotonic());
    this.#reconciler.wake();
    do await this.#reconciler.passed(signal);
    while (this.#doubts.has(parts) && !signal.aborted);
    return this.#lookMs;
  }

  /** Resolves when what is wanted now is in force: `Versions.next`. */
  #changed(): Promise<boolean> {
    this.#resolver.replace(this.#plane, this.#leaving);
    this.#reconciler.renew();
    this.#drifts.start();
    this.#newer.abort();
    return this.#versions.next();
  }

  #whyNot(networkId: string): string {
    const network = this.#plane.networks.get(networkId);
    if (!network) return "the managers have not said yet what this node's networks are";
    const fault = this.#refused.get(networkId) ?? this.#reconciler.fault;
    return refusalOf(network) ?? fault?.message ?? `network "${network.name}" is being made`;
  }

  async #pass(compare: boolean): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (compare) this.#doubts.add("everything", now);
    const look = this.#doubts.take(now, this.#versions.isBehind);
    if (look) await this.#look(look);
    await this.#make();
    // Put off for what has been made.
    if (this.#doubts.remain) this.#reconciler.wake();
  }

  async #make(): Promise<void> {
    const { names } = this.#options;
    const newer = this.#untilNewer();
    const asked = this.#plane;
    const version = this.#versions.latest;
    const tunnel = wantedTunnel(asked, this.#self);
    const all = wantedPlane(asked, this.#self, this.#leaving, this.#astray);
    // After a restart most devices are there: names are answered on them again before anything is compared, and on all afterwards.
    if (this.#ready.size === 0) await names.listen(all.nameServers, this.#resolver.handler).catch(() => {});
    const encryption: TunnelState = tunnel ? await this.#tunnel.make(tunnel) : { isThere: true };
    const bridges = await this.#builder.makeBridges(all.bridges);
    this.#refused = new Map([...bridges.refused, ...unencrypted(asked, encryption)]);
    const plane = this.#refused.size === 0 ? asked : withoutNetworks(asked, this.#refused);
    const wanted = this.#refused.size === 0 ? all : wantedPlane(plane, this.#self, this.#leaving, this.#astray);
    await this.#builder.build(wanted, () => this.#versions.reach(version), newer);
    this.#ready = new Set(wanted.bridges.map(({ networkId }) => networkId));
    this.#stale = bridges.stale;
    const unanswered = await names.listen(wanted.nameServers, this.#resolver.handler).then(() => undefined, asFault);
    await this.#builder.finish(all.bridges);
    if (!tunnel) await this.#tunnel.remove();
    const [refusal] = this.#refused.values();
    const fault = refusal ?? bridges.fault ?? encryption.fault ?? unanswered;
    if (fault) throw fault;
  }

  /** A look that is broken off, or fails, is still to be had. */
  async #look(look: Look): Promise<void> {
    const signal = look.canWait ? this.#untilNewer() : undefined;
    const { clock } = this.#options;
    const began = clock.monotonic();
    try {
      if (look.parts === "everything") await this.#lookAtAll(signal);
      else await this.#builder.look(look.parts, signal);
    } catch (error) {
      this.#doubts.putBack(look);
      if (!signal?.aborted) throw error;
    } finally {
      this.#lookMs = clock.monotonic() - began;
    }
  }

  async #lookAtAll(signal: AbortSignal | undefined): Promise<void> {
    const { ops, address, nodeId } = this.#options;
    if (this.#rewrites) this.#builder.distrust();
    else await this.#builder.lookAtAll(signal);
    this.#rewrites = false;
    this.#tunnel.doubt();
    const [underlayMtu = usualMtu, filtersBridges] = await Promise.all([ops.mtuOf(address), ops.canFilterBridges()]);
    const self = { nodeId, address, underlayMtu, filtersBridges };
    // What was worked out for the same is kept.
    if (!same(self, this.#self)) this.#self = self;
  }

  /** Aborts as soon as something else is wanted than now. */
  #untilNewer(): AbortSignal {
    this.#newer = new AbortController();
    return this.#newer.signal;
  }
}
