import { asFault, Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { Logger } from "../ports/log.ts";
import type { BridgeNetwork, BridgeNetworks, Links, NetOps, NetPart } from "../ports/net-ops.ts";
import { bridgePlan, hasOtherAddresses } from "./bridges.ts";
import { GoneFlows } from "./gone-flows.ts";
import { linkPlan } from "./link-plan.ts";
import { bridgePrefix, devicePrefixes, forwardChain, tableName } from "./names.ts";
import { noTable, tableChange, wholeTable } from "./rules/commands.ts";
import { KnownRules } from "./rules/known-rules.ts";
import type { Ruleset } from "./rules/ruleset.ts";
import type { WantedPlane } from "./wanted.ts";

export interface BuilderOptions {
  readonly nodeId: string;
  readonly ops: NetOps;
  readonly engine: BridgeNetworks;
  readonly log: Logger;
  /** Something that was made had been changed by somebody, and is put right. */
  readonly onRepair?: () => void;
}

/** What became of the engine's bridge networks. */
export interface MadeBridges {
  /** Why some are not there, by the swarm's network. */
  readonly refused: ReadonlyMap<string, Fault>;
  /** Those that are there with other addresses than they ought to have: nothing new may come to them. */
  readonly stale: ReadonlySet<string>;
  /** Why one that is there is not as it ought to be. */
  readonly fault: Fault | undefined;
}

/** What is known of this machine, from having looked or from having made it; undefined is to be looked at. */
interface Known {
  bridges: readonly BridgeNetwork[] | undefined;
  links: Links | undefined;
  rules: KnownRules | undefined;
  kernel: WantedPlane["kernel"] | undefined;
  passes: boolean;
}

/** Brings this machine from what there is to what is wanted, in an order that breaks nothing that works. */
export class Builder {
  readonly #options: BuilderOptions;
  readonly #prefixes: readonly string[];
  readonly #flows: GoneFlows;
  #known: Known = { bridges: undefined, links: undefined, rules: undefined, kernel: undefined, passes: false };
  /** The devices as they were left last. */
  #made: Links | undefined;

  constructor(options: BuilderOptions) {
    this.#options = options;
    this.#prefixes = devicePrefixes(options.nodeId);
    this.#flows = new GoneFlows(options.ops, options.log);
  }

  /** Relies no more on what is known: somebody else may have changed it. Rules are written anew, whatever they are. */
  distrust(): void {
    this.#known = { bridges: undefined, links: undefined, rules: undefined, kernel: undefined, passes: false };
  }

  /** Looks whether all is still as it was left. Rejects at `signal`: what was known then counts as known still. */
  async lookAtAll(signal?: AbortSignal): Promise<void> {
    await this.look(new Set(["links", "rules"]), signal);
    this.#known = { ...this.#known, bridges: undefined, kernel: undefined };
  }

  /** The same for these parts alone. */
  async look(parts: ReadonlySet<NetPart>, signal?: AbortSignal): Promise<void> {
    // What is not known is looked at when it is needed.
    if (parts.has("links") && this.#known.links)
      this.#known.links = await this.#options.ops.observe(this.#prefixes, signal);
    if (parts.has("rules")) await this.#lookAtRules(signal);
  }

  /**
   * The engine's bridge networks: those that are missing or wrong are made. Those that nobody wants are left to `finish`, for
   * connections may still lead there. An engine that does not answer holds up no rules: the networks that have their devices
   * count as there. So does one that is wrong and cannot be replaced, for containers run on it and are to be reached; but where this
   * node had left a network and is back on it under another address, those are about to end, and the next ones wait for that.
   */
  async makeBridges(wanted: readonly BridgeNetwork[]): Promise<MadeBridges> {
    const { engine, ops } = this.#options;
    this.#known.links ??= await ops.observe(this.#prefixes);
    const devices = this.#known.links.bridges;
    const found = this.#known.bridges ?? (await engine.list().catch(asFault));
    if (found instanceof Fault) {
      const missing = wanted.filter(({ bridge }) => !devices.has(bridge));
      return {
        refused: new Map(missing.map(({ networkId }) => [networkId, found])),
        stale: new Set(),
        fault: undefined,
      };
    }
    this.#known.bridges = found;
    const { replaced, made } = bridgePlan(found, wanted, name => devices.has(name));
    const refused = new Map<string, Fault>();
    const stale = new Set<string>();
    let fault: Fault | undefined;
    for (const network of made) {
      try {
        if (replaced.includes(network.name)) await engine.remove(network.name);
      } catch (error) {
        fault ??= asFault(error);
        if (hasOtherAddresses(found, network)) stale.add(network.networkId);
        if (devices.has(network.bridge)) continue;
      }
      await engine.create(network).catch(error => void refused.set(network.networkId, asFault(error)));
    }
    if (made.length > 0) {
      this.#known.bridges = undefined;
      this.#known.links = undefined;
      this.#known.kernel = undefined;
    }
    return { refused, stale, fault };
  }

  /**
   * Devices and rules: what is new first, then what leads there, then what nothing leads to any more is taken away. What can
   * be done is, whatever becomes of the rest: then throws the first Fault. `ruled` is called once the rules are in force. At `signal`
   * something else waits to be built.
   */
  async build(wanted: WantedPlane, ruled: () => void, signal: AbortSignal): Promise<void> {
    const { ops } = this.#options;
    const faults: Fault[] = [];
    const attempt = (step: Promise<void>): Promise<boolean> =>
      step.then(
        () => true,
        error => {
          faults.push(asFault(error));
          return false;
        },
      );
    this.#known.links ??= await ops.observe(this.#prefixes);
    const { before, after } = linkPlan(this.#known.links, wanted.links);
    // A container that begins brings a port: nobody has changed anything.
    const others = [...before, ...after].some(({ do: done }) => done !== "set-hairpin");
    if (others && this.#made && isPlanned(this.#made, wanted.links)) this.#options.onRepair?.();
    await attempt(this.#setKernel(wanted.kernel));
    if (before.length > 0) await attempt(ops.change(before));
    const inForce = await attempt(this.#setRules(wanted.rules).then(ruled));
    await attempt(this.#passForwarding());
    // To begin a program takes milliseconds: who waits for the rules goes on before.
    if (inForce) this.#flows.replace(wanted.targets);
    if (after.length > 0) await attempt(ops.change(after));
    await attempt(this.#lookAtNewRules(signal));
    this.#known.links = faults.length > 0 ? undefined : wanted.links;
    this.#made = this.#known.links;
    if (faults[0]) throw faults[0];
  }

  /** Removes the engine's networks that nobody wants any more. Fault failed_precondition while containers run on one. */
  async finish(wanted: readonly BridgeNetwork[]): Promise<void> {
    this.#known.bridges ??= await this.#options.engine.list();
    const { removed } = bridgePlan(this.#known.bridges, wanted, () => true);
    if (removed.length === 0) return;
    // With networks go devices; which, where the engine refuses one, is to be seen.
    this.#known = { ...this.#known, bridges: undefined, links: undefined };
    for (const name of removed) await this.#options.engine.remove(name);
  }

  /** Resolves when nothing is under way any more that `build` has begun. */
  settled(): Promise<void> {
    return this.#flows.settled();
  }

  /** Takes everything away, found by its names. */
  async clear(): Promise<void> {
    const { ops, nodeId } = this.#options;
    this.distrust();
    const nothing: Links = {
      bridges: new Map(),
      vxlans: new Map(),
      forwarding: new Map(),
      neighbours: new Map(),
      returns: new Map(),
    };
    await ops.applyRules(noTable(tableName(nodeId)));
    await ops.change(linkPlan(await ops.observe(this.#prefixes), nothing).after);
    await ops.unpassForwarding(forwardChain(nodeId));
    await this.finish([]);
  }

  async #setKernel(settings: WantedPlane["kernel"]): Promise<void> {
    if (same([...(this.#known.kernel ?? [])], [...settings])) return;
    await this.#options.ops.setKernel(settings);
    this.#known.kernel = settings;
  }

  async #setRules(rules: Ruleset): Promise<void> {
    const { rules: before } = this.#known;
    const commands = before ? tableChange(before.ruleset, rules) : wholeTable(rules);
    if (commands === "") return;
    this.#known.rules = undefined;
    await this.#options.ops.applyRules(commands);
    this.#known.rules = KnownRules.written(rules, before);
  }

  /** They are kept when they are what they were. */
  async #lookAtRules(signal?: AbortSignal): Promise<void> {
    const { ops, log, onRepair } = this.#options;
    const { rules } = this.#known;
    if (rules) {
      const { table } = rules.ruleset;
      if (!rules.agrees(await ops.contentsOfRules(table, signal))) {
        this.#known.rules = undefined;
        log.warn("somebody has changed this node's rules: they are written anew", { table });
        onRepair?.();
      }
    }
    this.#known.passes = false;
  }

  /**
   * The sooner, the less somebody else may have changed before: what is seen first counts as what was written. But what is to be
   * built next goes before.
   */
  async #lookAtNewRules(signal: AbortSignal): Promise<void> {
    const { rules } = this.#known;
    if (!rules?.isWorthALook || signal.aborted) return;
    try {
      const contents = await this.#options.ops.contentsOfRules(rules.ruleset.table, signal);
      if (!rules.agrees(contents)) this.#known.rules = undefined;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #passForwarding(): Promise<void> {
    const { ops, nodeId } = this.#options;
    if (this.#known.passes) return;
    await ops.passForwarding(forwardChain(nodeId), bridgePrefix(nodeId));
    this.#known.passes = true;
  }
}

/** Whether nothing else is wanted than was made. */
function isPlanned(made: Links, wanted: Links): boolean {
  const { before, after } = linkPlan(made, wanted);
  return before.length + after.length === 0;
}
