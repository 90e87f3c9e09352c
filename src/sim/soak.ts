import { keepAddressMs } from "../control/allocator/kept-addresses.ts";
import { currentIteration, iterationOf } from "../control/job-run.ts";
import { same } from "../lib/same.ts";
import type { Manager } from "../manager/manager.ts";
import type { ObjectKind, Service } from "../model/objects.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  NodeStatus_State as NodeState,
  TaskState,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { doubleAllocations } from "./allocations.ts";
import { Chaos } from "./chaos.ts";
import { planeDifferences } from "./followed-plane.ts";
import { stateAt } from "./founding.ts";
import { logDirectory } from "./host.ts";
import { ChangeChecks, crowdedMachines, crowdedSlots, overbookedNodes } from "./invariants.ts";
import { imageOf, replicasOf } from "./ledger.ts";
import { operator } from "./operator.ts";
import { SimSwarm } from "./swarm.ts";
import { WantedBound } from "./wanted-bound.ts";

/** Time for everything to be as it is wanted once all faults have ended, in milliseconds. */
const convergenceLimitMs = 300_000;
/** Then until the last tasks that have ended are reported, and the addresses of their nodes are given back. */
const settlingMs = 3_000 + keepAddressMs;
/** Time in which nothing is to change any more. */
const quietMs = 60_000;
/** Streams that an agent holds open: its session, its assignments, its networks, and the listening for log subscriptions. */
const streamsPerAgent = 4;
/** Timers at rest: an agent's for its heartbeat and its looks at the machine and at the disk. */
const workerTimers = 3;
/** A manager's, besides one for each session and member: for the rescans of its loops, and something in hand. */
const managerTimers = 17;

export interface SoakOptions {
  readonly seed: number;
  readonly managers: number;
  readonly workers: number;
  readonly virtualMinutes: number;
}

export interface SoakResult {
  readonly traceHash: string;
  readonly virtualMs: number;
  /** From the last request to everything being as it is wanted. */
  readonly convergenceMs: number;
  /** How often each thing was done. */
  readonly done: ReadonlyMap<string, number>;
}

/** How many of each there are for a seed, where nobody says. */
export function sizeOf(seed: number): Pick<SoakOptions, "managers" | "workers"> {
  return { managers: [1, 3, 1, 3, 5][seed % 5] ?? 1, workers: 2 + (seed % 3) };
}

/** Throws at the first thing that must not be, with the seed and what led to it. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const run = new Soak(options);
  try {
    return await run.run();
  } catch (error) {
    const last = run.swarm?.trace.tail(200).join("\n") ?? "";
    const reason = error instanceof Error ? error.stack : String(error);
    const { seed, virtualMinutes } = options;
    const replay = `npm run sim -- --swarm --seed ${seed} --minutes ${virtualMinutes}`;
    throw new Error(`seed ${seed}: ${reason}\n\nWhat led to it (${replay} replays it):\n${last}`, { cause: error });
  }
}

class Soak {
  swarm: SimSwarm | undefined;
  readonly #options: SoakOptions;
  readonly #problems: string[] = [];
  readonly #problem = (problem: string): void => void this.#problems.push(problem);

  constructor(options: SoakOptions) {
    this.#options = options;
  }

  async run(): Promise<SoakResult> {
    const { seed, managers, workers, virtualMinutes } = this.#options;
    const changes = new Map<Manager, { see(event: StoreEvent): void }[]>();
    const swarm = await SimSwarm.start({
      ...{ seed, managers, workers },
      maxDrift: managers > 1 ? 0.02 : 0,
      snapshotInterval: 150n,
      onEvent: (event, run) => {
        const checks = changes.get(run) ?? [new ChangeChecks(this.#problem), new WantedBound(this.#problem)];
        changes.set(run, checks);
        for (const check of checks) check.see(event);
      },
      onBroken: fault => {
        if (!fault.message.includes("simulated failure")) this.#problem(`a manager is broken: ${fault.message}`);
      },
    });
    this.swarm = swarm;
    const chaos = new Chaos(swarm, seed, this.#problem);
    await chaos.begin();
    const end = swarm.clock.monotonic() + virtualMinutes * 60_000;
    while (swarm.clock.monotonic() < end) {
      await this.#actAndCompare(swarm, chaos);
      await swarm.clock.advance(chaos.pauseMs());
      this.#check(swarm, chaos);
    }
    await chaos.end();
    const convergenceMs = await this.#converge(swarm, chaos);
    await this.#stop(swarm);
    return { traceHash: swarm.trace.hash, virtualMs: swarm.clock.monotonic(), convergenceMs, done: chaos.done };
  }

  /** Does one thing; if the only manager died of it, its disk must hold exactly what it knew. */
  async #actAndCompare(swarm: SimSwarm, chaos: Chaos): Promise<void> {
    const { manager } = swarm.managerHost;
    chaos.act();
    if (!manager || swarm.managers.length > 1 || swarm.managerHost.manager === manager) return;
    const { disk } = swarm.managerHost;
    const place = { disk, directory: logDirectory, dataKey: swarm.dataKey, clock: swarm.clock };
    const found = await stateAt(manager.version, place);
    const [before, after] = [manager.view(everything), found.view(everything)];
    if (found.version !== manager.version)
      this.#problem(`the log ends at ${found.version}, and ${manager.version} was known`);
    for (const [id, object] of before) {
      if (!same(object, after.get(id))) this.#problem(`${id} is not on disk as it was known`);
    }
    if (after.size !== before.size) this.#problem(`${after.size} objects on disk, and ${before.size} were known`);
    this.#report(swarm);
  }

  #check(swarm: SimSwarm, chaos: Chaos): void {
    if (swarm.isServed) {
      swarm.view(tx => {
        for (const problem of chaos.ledger.check(tx, swarm.clock.monotonic())) this.#problem(problem);
        for (const problem of crowdedSlots(tx)) this.#problem(problem);
        for (const problem of overbookedNodes(tx)) this.#problem(problem);
        for (const problem of doubleAllocations(tx)) this.#problem(problem);
        for (const problem of crowdedMachines(tx, swarm.hosts, host => chaos.isCalm(host))) this.#problem(problem);
      });
    }
    this.#report(swarm);
  }

  async #converge(swarm: SimSwarm, chaos: Chaos): Promise<number> {
    await swarm.until(() => swarm.isServed, "served");
    await swarm.until(() => swarm.isWhole(), "all managers are back");
    await swarm.until(() => allReady(swarm), "all nodes are ready");
    for (const { self } of swarm.hosts)
      await swarm.ask(api => operator.setAvailability(api, self.nodeId, Availability.ACTIVE));
    // Those changes are in the log now, behind everything that was ever going to be.
    chaos.ledger.decide();
    this.#check(swarm, chaos);
    for (const name of chaos.ledger.settled()) {
      await this.#insist(() => swarm.ask(api => operator.setImage(api, name, finalImage(swarm.service(name)))));
      await this.#insist(() => swarm.ask(api => operator.force(api, name)));
    }
    const took = await swarm.until(() => isConverged(swarm), "everything is as it is wanted", convergenceLimitMs);
    // What is stopped last is still to be reported.
    await swarm.clock.advance(settlingMs);
    const version = swarm.leader?.manager?.version;
    await swarm.clock.advance(quietMs);
    if (swarm.leader?.manager?.version !== version) this.#problem("the store changes although nothing does");
    if (!isConverged(swarm)) this.#problem("what was as it is wanted is not any more");
    for (const problem of [...leaks(swarm), ...differences(swarm), ...unlikePlanes(swarm)]) this.#problem(problem);
    this.#report(swarm);
    return took;
  }

  /** The swarm writes into its services too: then the change is made anew. */
  async #insist(change: () => Promise<void>): Promise<void> {
    for (let tries = 5; ; tries--) {
      try {
        return await change();
      } catch (error) {
        if (tries === 0 || !(error instanceof Error) || !error.message.endsWith("update out of sequence")) throw error;
      }
    }
  }

  async #stop(swarm: SimSwarm): Promise<void> {
    await swarm.stop();
    await swarm.clock.advance(1_000);
    const { network, clock, hosts } = swarm;
    const watchers = hosts.reduce((sum, host) => sum + host.machine.watchers, 0);
    if (network.calls + clock.pending + watchers > 0)
      this.#problem(`left: ${network.calls} calls, ${clock.pending} timers, ${watchers} watchers`);
    this.#report(swarm);
  }

  #report(swarm: SimSwarm): void {
    if (this.#problems.length > 0)
      throw new Error(`at ${swarm.clock.monotonic()} ms: ${this.#problems.slice(0, 10).join("; ")}`);
  }
}

const kinds: readonly ObjectKind[] = ["cluster", "node", "service", "task", "network", "secret", "config"];

function everything(tx: ReadTx): Map<string, unknown> {
  return new Map(kinds.flatMap(kind => [...tx[kind].all()].map(object => [`${kind} ${object.id}`, object] as const)));
}

function allReady(swarm: SimSwarm): boolean {
  return swarm.hosts.every(host => swarm.node(host).status.state === NodeState.READY);
}

/** What each service is to end with: jobs with what ends. */
function finalImage({ jobStatus }: Service): string {
  return jobStatus ? "brief" : "sleep";
}

/**
 * Every replica runs with the present spec, every job is done, and no machine has a container beyond those and the kept
 * history.
 */
function isConverged(swarm: SimSwarm): boolean {
  const running = new Set(swarm.hosts.flatMap(({ machine }) => machine.running));
  const services = swarm.view(tx => [...tx.service.all()]);
  let wanted = 0;
  for (const service of services) {
    if (imageOf(service) !== finalImage(service)) return false;
    if (service.jobStatus) {
      if (!isDone(service, swarm)) return false;
      continue;
    }
    const tasks = swarm.running(service.spec.annotations.name);
    const replicas = replicasOf(service) < 0 ? swarm.hosts.length : replicasOf(service);
    const isCurrent = tasks.every(({ spec }) => spec.forceUpdate === service.spec.task.forceUpdate);
    const isAlive = tasks.every(({ id }) => running.has(id));
    const state = service.updateStatus?.state ?? UpdateState.COMPLETED;
    if (tasks.length !== replicas || !isCurrent || !isAlive) return false;
    if (state !== UpdateState.COMPLETED) return false;
    wanted += replicas;
  }
  return running.size === wanted && swarm.view(tx => hasNoOrphans(tx, swarm));
}

/** The job's present run has its completions, each once. */
function isDone(service: Service, swarm: SimSwarm): boolean {
  const completions = swarm
    .tasks(service.spec.annotations.name)
    .filter(task => task.status.state === TaskState.COMPLETE && iterationOf(task) === currentIteration(service));
  const wanted = replicasOf(service) < 0 ? swarm.hosts.length : replicasOf(service);
  return completions.length === wanted;
}

function hasNoOrphans(tx: ReadTx, swarm: SimSwarm): boolean {
  return swarm.hosts.every(({ machine, self }) =>
    [...machine.containers.keys()].every(id => tx.task.get(id)?.nodeId === self.nodeId),
  );
}

function* leaks({ network, hosts, managers }: SimSwarm): Iterable<string> {
  // An agent's manager may pass its streams on to the leader; managers have one to each other.
  const mostCalls = streamsPerAgent * hosts.length * 2 + hosts.length + managers.length * (managers.length - 1);
  if (network.calls < streamsPerAgent * hosts.length || network.calls > mostCalls)
    yield `${network.calls} calls for ${hosts.length} agents`;
  for (const { name, machine, isManager, process } of hosts) {
    if (machine.watchers !== machine.containers.size)
      yield `${name} watches ${machine.watchers} times for ${machine.containers.size} containers`;
    const most = workerTimers + (isManager ? managerTimers + hosts.length + managers.length : 0);
    if (process && process.timers > most) yield `${name} has ${process.timers} timers, and needs ${most} at most`;
  }
}

/** Every node knows of its networks what the swarm's state says. */
function unlikePlanes(swarm: SimSwarm): string[] {
  return swarm.view(tx => swarm.hosts.flatMap(({ self, plane }) => [...planeDifferences(tx, self.nodeId, plane)]));
}

/** All managers have the same, once nothing happens any more. */
function* differences({ managers }: SimSwarm): Iterable<string> {
  const [first, ...others] = managers.map(({ name, manager }) => ({ name, objects: manager?.view(everything) }));
  for (const { name, objects } of others)
    for (const id of new Set([...(first?.objects?.keys() ?? []), ...(objects?.keys() ?? [])]))
      if (!same(first?.objects?.get(id), objects?.get(id))) yield `${id} is not the same on ${name}`;
}
