import { Configs } from "./lab/configs.ts";
import { Etcd, hasEtcd } from "./lab/etcd.ts";
import { type Load, load } from "./lab/load.ts";
import { Managers } from "./lab/managers.ts";
import { median, type Report, settings } from "./lab/report.ts";

/** Bytes of each object. */
const objectBytes = 1024;
/** Third bytes of the loopback addresses. */
const shoalBase = 60;
const etcdBase = 61;

interface Contender {
  readonly name: "shoal" | "etcd";
  /** One object that was not there; resolves when it is committed and applied. */
  write(n: number): Promise<void>;
  /** Removes what was written. */
  clear(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Writes of 1 KiB through the leader of three managers: real processes on loopback, mutual TLS, fsync and, of Shoal's,
 * encryption at rest. etcd is measured beside it, by the same client, in turns, where Debian's etcd-server is installed.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const chosen = settings(args, { rounds: 5, seconds: 5, writers: 64, managers: 3 });
  const contenders: Contender[] = [];
  try {
    contenders.push(await shoal(chosen.managers));
    if (hasEtcd()) contenders.push(await etcd(chosen.managers));
    else console.error("etcd is not installed (Debian: etcd-server): Shoal is measured alone");
    for (const writers of [chosen.writers, 1]) await compare(report, contenders, { ...chosen, writers });
  } finally {
    for (const contender of contenders) await contender.dispose();
  }
}

interface Chosen {
  readonly rounds: number;
  readonly seconds: number;
  readonly writers: number;
  readonly managers: number;
}

async function compare(report: Report, contenders: readonly Contender[], chosen: Chosen): Promise<void> {
  const { rounds, seconds, writers, managers } = chosen;
  const loads = new Map<Contender, Load[]>(contenders.map(contender => [contender, []]));
  // The first round does not count: code and connections are warm after it, as they are in use.
  for (let round = 0; round <= rounds; round += 1)
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const result = await load(contender.write, { writers, durationMs: seconds * 1000 });
      if (round > 0) loads.get(contender)?.push(result);
      report(`${contender.name}, round ${round}`, result.perSecond, "1/s", { ...shown(result), warmUp: round === 0 });
      await contender.clear();
    }
  const params = { writers, managers, rounds, seconds, bytes: objectBytes };
  const of = (contender: Contender | undefined, what: keyof Load): number =>
    median((contender && loads.get(contender))?.map(result => result[what]) ?? []);
  for (const contender of contenders) {
    report(`${contender.name}, writes`, of(contender, "perSecond"), "1/s", params);
    report(`${contender.name}, p50`, of(contender, "p50Ms"), "ms", params);
    report(`${contender.name}, p99`, of(contender, "p99Ms"), "ms", params);
  }
  const [ours, theirs] = contenders;
  if (!theirs) return;
  report("writes, shoal to etcd", of(ours, "perSecond") / of(theirs, "perSecond"), "ratio", params);
  report("p50, shoal to etcd", of(ours, "p50Ms") / of(theirs, "p50Ms"), "ratio", params);
}

function shown({ writers, writes, p50Ms, p99Ms }: Load): Record<string, number> {
  return { writers, writes, p50Ms: Number(p50Ms.toFixed(2)), p99Ms: Number(p99Ms.toFixed(2)) };
}

async function shoal(count: number): Promise<Contender> {
  const managers = await Managers.start({ count, base: shoalBase });
  const configs = await Configs.at(await managers.leader(), objectBytes);
  let load = 0;
  return {
    name: "shoal",
    write: n => configs.create(`config-${load}-${n}`),
    clear: () => {
      load += 1;
      return configs.clear();
    },
    dispose: () => {
      configs.close();
      return managers.dispose();
    },
  };
}

async function etcd(count: number): Promise<Contender> {
  const cluster = await Etcd.start(count, etcdBase);
  const leader = await cluster.leader();
  const value = Buffer.alloc(objectBytes, "x");
  let load = 0;
  return {
    name: "etcd",
    write: n => cluster.put(leader, `config-${load}-${n}`, value),
    clear: () => {
      load += 1;
      return cluster.clear(leader, "config-");
    },
    dispose: () => cluster.dispose(),
  };
}
