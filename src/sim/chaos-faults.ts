import type { Act } from "./chaos.ts";
import type { Dice } from "./dice.ts";
import type { SimHost } from "./host.ts";
import type { SimSwarm } from "./swarm.ts";

/** How long after its last disturbance everything about a host is in order again, in milliseconds. */
const recoveryMs = 30_000;
/** A pause is shorter than what breaks connections: nothing happens to a daemon that is stopped. */
const longestPauseMs = 5_000;
/** How long an operator takes to start a daemon again that found its disk broken, in milliseconds. */
const operatorMs = 3_000;

interface Disturbances {
  readonly open: number;
  readonly lastEndedAt: number;
}

/** Everything that breaks, each for a while: daemons, power, network, engines and the managers' disks. */
export class ChaosFaults {
  readonly #swarm: SimSwarm;
  readonly #dice: Dice;
  readonly #disturbances = new Map<SimHost, Disturbances>();
  readonly #repairs = new Set<() => void>();
  #lastUnservedAt = Number.NEGATIVE_INFINITY;
  #partitions = 0;

  constructor(swarm: SimSwarm, dice: Dice) {
    this.#swarm = swarm;
    this.#dice = dice;
  }

  acts(): readonly Act[] {
    const { managers, hosts, workers, network, leader } = this.#swarm;
    const dice = this.#dice;
    const worker = (): SimHost => dice.pick(workers);
    const manager = (): SimHost => (leader && dice.chance(0.5) ? leader : dice.pick(managers));
    const several = managers.length > 1 ? 1 : 0;
    return [
      [6, "container exits", () => this.#exit()],
      [2, "worker killed", () => this.#kill(worker(), "kill")],
      [1, "worker restarted", () => this.#stop(worker())],
      [1, "worker without power", () => this.#kill(worker(), "cutPower")],
      [1, "manager killed", () => this.#kill(manager(), "kill")],
      [1, "manager without power", () => this.#kill(manager(), "cutPower")],
      [0.5, "manager restarted", () => this.#stop(manager())],
      [1.5 * several, "manager cut off", () => this.#partition(manager(), 15_000)],
      [several, "manager deaf or mute", () => this.#oneWay(manager())],
      [several, "manager paused", () => this.#pause(manager())],
      [0.5 * several, "manager's disk slow", () => this.#slowDisk(manager())],
      [2, "partition", () => this.#partition(worker(), 60_000)],
      [1, "connection cut", () => network.cut(worker().address, manager().address)],
      [1, "slow network", () => this.#delay(worker())],
      [1, "engine lost", () => this.#loseEngine(dice.pick(hosts))],
      [0.5, "disk full", () => manager().disk.failNext("append", "resource_exhausted")],
      [0.2, "disk broken", () => manager().disk.failNext("sync", "data_loss")],
    ];
  }

  /** Whether nothing has disturbed the host for a while, and somebody has led all that time. */
  isCalm(host: SimHost): boolean {
    const now = this.#swarm.clock.monotonic();
    if (!this.#swarm.isServed) this.#lastUnservedAt = now;
    const { open, lastEndedAt } = this.#disturbancesOf(host);
    return open === 0 && now - Math.max(lastEndedAt, this.#lastUnservedAt) >= recoveryMs;
  }

  /** A manager that found its disk broken waits for its operator, who comes. */
  restartBroken(): void {
    for (const host of this.#swarm.managers) {
      if (host.isUp || this.#disturbancesOf(host).open > 0) continue;
      this.#repairAfter(operatorMs, [host], () => this.#restart(host));
    }
  }

  /** Repairs everything now. */
  end(): void {
    for (const { disk } of this.#swarm.managers) disk.repair();
    for (const repair of [...this.#repairs]) repair();
    for (const host of this.#swarm.hosts) this.#restart(host);
  }

  #exit(): unknown {
    const running = this.#swarm.hosts.flatMap(host => host.machine.running.map(taskId => ({ host, taskId })));
    if (running.length === 0) return false;
    const { host, taskId } = this.#dice.pick(running);
    this.#swarm.trace.note(`the container of ${taskId} exits`);
    host.machine.exit(taskId, this.#dice.below(3));
    return true;
  }

  #kill(host: SimHost, how: "kill" | "cutPower"): unknown {
    if (!host.isUp) return false;
    if (how === "kill") host.kill();
    else this.#swarm.cutPower(host);
    this.#repairAfter(this.#dice.seldom(host.isManager ? 12_000 : 60_000), [host], () => {
      if (how === "cutPower") this.#swarm.heal(host);
      this.#restart(host);
    });
    return true;
  }

  #stop(host: SimHost): unknown {
    if (!host.isUp) return false;
    void host.stop();
    this.#repairAfter(1_000 + this.#dice.upTo(20_000), [host], () => {
      // It has had its time.
      host.kill();
      this.#restart(host);
    });
    return true;
  }

  #partition(host: SimHost, longestMs: number): void {
    const reason = `partition ${++this.#partitions}`;
    this.#swarm.partition(host, reason);
    this.#repairAfter(this.#dice.seldom(longestMs), [host], () => this.#swarm.heal(host, reason));
  }

  /** For the other managers it is as if it heard nothing, or said nothing. */
  #oneWay(host: SimHost): void {
    const { network, managers, trace } = this.#swarm;
    const reason = `partition ${++this.#partitions}`;
    const isMute = this.#dice.chance(0.5);
    trace.note(`${host.name} is ${isMute ? "mute" : "deaf"} for other managers`);
    const others = managers.filter(other => other !== host);
    for (const other of others) {
      const [from, to] = isMute ? [host, other] : [other, host];
      network.partitionOneWay(from.address, to.address, reason);
    }
    this.#repairAfter(this.#dice.seldom(15_000), [host], () => {
      for (const other of others) network.heal(host.address, other.address, reason);
    });
  }

  #pause(host: SimHost): unknown {
    const { process } = host;
    if (!process || process.isPaused) return false;
    const reason = `partition ${++this.#partitions}`;
    host.pause();
    this.#swarm.partition(host, reason);
    this.#repairAfter(this.#dice.seldom(longestPauseMs), [host], () => {
      if (host.process === process) host.resume();
      this.#swarm.heal(host, reason);
    });
    return true;
  }

  #slowDisk({ name, disk }: SimHost): void {
    disk.slowness = 1 + this.#dice.seldom(200);
    this.#swarm.trace.note(`${name} has a disk ${disk.slowness.toFixed()} times as slow`);
    this.#repairAfter(this.#dice.upTo(15_000), [], () => {
      disk.slowness = 1;
    });
  }

  #delay(host: SimHost): void {
    this.#swarm.delay(host, this.#dice.upTo(300));
    this.#repairAfter(this.#dice.upTo(20_000), [], () => this.#swarm.delay(host, 0));
  }

  #loseEngine(host: SimHost): void {
    this.#swarm.trace.note(`${host.name} has lost its engine`);
    host.machine.reachable = false;
    this.#repairAfter(this.#dice.upTo(30_000), [host], () => {
      this.#swarm.trace.note(`${host.name} has its engine again`);
      host.machine.reachable = true;
    });
  }

  #restart(host: SimHost): void {
    if (!host.isUp) this.#swarm.startHost(host);
  }

  #repairAfter(ms: number, hosts: readonly SimHost[], repair: () => void): void {
    for (const host of hosts) this.#disturb(host, 1);
    const run = (): void => {
      timer.cancel();
      this.#repairs.delete(run);
      repair();
      for (const host of hosts) this.#disturb(host, -1);
    };
    const timer = this.#swarm.clock.after(ms, run);
    this.#repairs.add(run);
  }

  #disturb(host: SimHost, by: 1 | -1): void {
    const { open } = this.#disturbancesOf(host);
    this.#disturbances.set(host, { open: open + by, lastEndedAt: this.#swarm.clock.monotonic() });
  }

  #disturbancesOf(host: SimHost): Disturbances {
    return this.#disturbances.get(host) ?? { open: 0, lastEndedAt: Number.NEGATIVE_INFINITY };
  }
}
