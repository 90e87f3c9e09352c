import type { Act } from "./chaos.ts";
import type { Dice } from "./dice.ts";
import type { SimHost } from "./host.ts";
import type { SimSwarm } from "./swarm.ts";

/** How long after its last disturbance everything about a host is in order again, in milliseconds. */
const recoveryMs = 30_000;
/** How long an operator takes to start a daemon again that found its disk broken, in milliseconds. */
const operatorMs = 3_000;

interface Disturbances {
  readonly open: number;
  readonly lastEndedAt: number;
}

/** Everything that breaks, each for a while: daemons, power, network, engines and the manager's disk. */
export class ChaosFaults {
  readonly #swarm: SimSwarm;
  readonly #dice: Dice;
  readonly #disturbances = new Map<SimHost, Disturbances>();
  readonly #repairs = new Set<() => void>();

  constructor(swarm: SimSwarm, dice: Dice) {
    this.#swarm = swarm;
    this.#dice = dice;
  }

  acts(): readonly Act[] {
    const { managerHost: manager, hosts, workers, network } = this.#swarm;
    const worker = (): SimHost => this.#dice.pick(workers);
    return [
      [6, "container exits", () => this.#exit()],
      [2, "worker killed", () => this.#kill(worker(), "kill")],
      [1, "worker restarted", () => this.#stop(worker())],
      [1, "worker without power", () => this.#kill(worker(), "cutPower")],
      [1, "manager killed", () => this.#kill(manager, "kill")],
      [1, "manager without power", () => this.#kill(manager, "cutPower")],
      [0.5, "manager restarted", () => this.#stop(manager)],
      [2, "partition", () => this.#partition(worker())],
      [1, "connection cut", () => network.cut(worker().address, manager.address)],
      [1, "slow network", () => this.#delay(worker())],
      [1, "engine lost", () => this.#loseEngine(this.#dice.pick(hosts))],
      [0.5, "disk full", () => manager.disk.failNext("append", "resource_exhausted")],
      [0.2, "disk broken", () => manager.disk.failNext("sync", "data_loss")],
    ];
  }

  /** Whether nothing has disturbed the host for a while. */
  isCalm(host: SimHost): boolean {
    const { open, lastEndedAt } = this.#disturbancesOf(host);
    return open === 0 && this.#swarm.clock.monotonic() - lastEndedAt >= recoveryMs;
  }

  /** A manager that found its disk broken waits for its operator, who comes. */
  restartBroken(): void {
    const { managerHost } = this.#swarm;
    if (managerHost.isUp || this.#disturbancesOf(managerHost).open > 0) return;
    this.#repairAfter(operatorMs, [managerHost], () => this.#restart(managerHost));
  }

  /** Repairs everything now. */
  end(): void {
    this.#swarm.managerHost.disk.repair();
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

  #partition(host: SimHost): void {
    this.#swarm.partition(host);
    this.#repairAfter(this.#dice.seldom(60_000), [host], () => this.#swarm.heal(host));
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
