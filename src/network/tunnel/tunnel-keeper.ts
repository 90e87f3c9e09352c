import { asFault, Fault } from "../../lib/fault.ts";
import { same } from "../../lib/same.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { ActualTunnel, Tunnel, TunnelChange, TunnelOps } from "../../ports/tunnel-ops.ts";
import { tunnelName } from "../names.ts";
import type { Plane } from "../plane-state.ts";
import { type KeyPair, keyPairOf, newKeyPair } from "./key-pair.ts";
import { tunnelPlan } from "./tunnel-plan.ts";
import type { WantedTunnel } from "./wanted-tunnel.ts";

/** How often a tunnel that is wanted is looked at, in milliseconds: with its program dies a device of wireguard-go's. */
const lookPeriodMs = 2_000;

export interface TunnelKeeperOptions {
  readonly nodeId: string;
  readonly tunnels: TunnelOps;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The tunnel is not as it was left. */
  readonly onDrift: () => void;
}

/** What came of an attempt: `isThere` says whether there is a device that is in order, whatever is wrong with its peers. */
export interface TunnelState {
  readonly isThere: boolean;
  readonly fault?: Fault;
}

/** The networks, by id, that cannot be had for want of a tunnel, and why. */
export function unencrypted({ networks }: Plane, { isThere, fault }: TunnelState): [string, Fault][] {
  if (isThere || !fault) return [];
  return [...networks.values()].filter(({ encrypted }) => encrypted).map(({ id }) => [id, fault]);
}

export interface ComparedTunnel {
  readonly actual: ActualTunnel | undefined;
  readonly changes: readonly TunnelChange[];
  /** When that was, in seconds since 1970. */
  readonly now: number;
}

/**
 * This node's end of the tunnels to other nodes. Its private key is in memory and in the device, nowhere else: a daemon that
 * starts anew takes it from a device that is still there, so that traffic goes on, and makes another one where there is none.
 */
export class TunnelKeeper {
  readonly #options: TunnelKeeperOptions;
  readonly #name: string;
  #keys: Promise<KeyPair> | undefined;
  /** As it was left; "none" when it was removed, undefined when it is to be looked at. */
  #known: Tunnel | "none" | undefined;
  #watch: Timer | undefined;

  constructor(options: TunnelKeeperOptions) {
    this.#options = options;
    this.#name = tunnelName(options.nodeId);
  }

  /** What other nodes are to know this one by, base64. */
  async publicKey(): Promise<string> {
    return (await this.#keyPair()).publicKey;
  }

  /** Relies no more on what is known. */
  doubt(): void {
    this.#known = undefined;
  }

  /** Brings the tunnel to what is wanted. */
  async make(wanted: WantedTunnel): Promise<TunnelState> {
    const whole = await this.#whole(wanted);
    if (same(this.#known, whole)) return { isThere: true };
    this.#rest();
    // As long as nobody could look, what was there is taken to be there: nothing is taken down for that.
    let isThere = true;
    try {
      const { changes } = await this.#differences(whole);
      isThere = changes.every(change => change.do === "set-peers" || change.do === "remove-peers");
      if (changes.some(change => change.do === "add-device")) await this.#refuseUnable();
      if (changes.length > 0) await this.#options.tunnels.change(this.#name, changes);
    } catch (error) {
      return { isThere, fault: asFault(error) };
    }
    this.#known = whole;
    this.#watchOver(whole);
    return { isThere: true };
  }

  /** The tunnel as it is, and what would have to be done to it. Changes nothing. */
  async compare(wanted: WantedTunnel): Promise<ComparedTunnel> {
    return this.#differences(await this.#whole(wanted));
  }

  /** Removes the tunnel, if there is one. */
  async remove(): Promise<void> {
    if (this.#known === "none") return;
    this.#rest();
    await this.#options.tunnels.remove(this.#name);
    this.#known = "none";
  }

  /** Looks no more. The tunnel stays as it is. */
  stop(): void {
    this.#rest();
  }

  #rest(): void {
    this.#known = undefined;
    this.#watch?.cancel();
    this.#watch = undefined;
  }

  async #whole(wanted: WantedTunnel): Promise<Tunnel> {
    return { ...wanted, privateKey: (await this.#keyPair()).privateKey };
  }

  async #differences(wanted: Tunnel): Promise<ComparedTunnel> {
    const { tunnels, clock } = this.#options;
    const actual = await tunnels.observe(this.#name);
    const now = clock.now() / 1_000;
    return { actual, changes: tunnelPlan(actual, wanted, now), now };
  }

  async #refuseUnable(): Promise<void> {
    const reason = await this.#options.tunnels.obstacle();
    if (reason !== undefined) throw new Fault("failed_precondition", `this node cannot encrypt: ${reason}`);
  }

  #watchOver(made: Tunnel): void {
    this.#watch = this.#options.clock.after(lookPeriodMs, () => void this.#look(made));
  }

  async #look(made: Tunnel): Promise<void> {
    const compared = await this.#differences(made).catch(() => undefined);
    if (this.#known !== made) return;
    if (compared?.changes.length === 0) return this.#watchOver(made);
    this.#options.log.warn("the tunnel to other nodes is not as it was left: it is put right", {
      changes: compared?.changes.map(change => change.do) ?? "it cannot be looked at",
    });
    this.#rest();
    this.#options.onDrift();
  }

  #keyPair(): Promise<KeyPair> {
    this.#keys ??= this.#findKeys();
    return this.#keys;
  }

  async #findKeys(): Promise<KeyPair> {
    const { tunnels, random } = this.#options;
    const there = await tunnels.observe(this.#name).catch(() => undefined);
    return there?.privateKey ? keyPairOf(there.privateKey) : newKeyPair(random);
  }
}
