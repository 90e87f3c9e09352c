import { Quorum } from "../test/lab/quorum.ts";
import { type Configs, GrpcConfigs, HttpConfigs, ManagerConfigs } from "./lab/configs.ts";
import { Etcd, hasEtcd } from "./lab/etcd.ts";
import { type Load, load } from "./lab/load.ts";
import { median, type Report, settings } from "./lab/report.ts";

/** Bytes of each object. */
const objectBytes = 1024;
/** Third bytes of the loopback addresses. */
const shoalBase = 60;
const etcdBase = 61;

interface Contender {
  readonly name: string;
  /** One object that was not there; resolves when it is committed and applied. */
  write(n: number): Promise<void>;
  /** Removes what was written. */
  clear(): Promise<void>;
}

/**
 * Writes of 1 KiB through the leader of three managers: real processes on loopback, mutual TLS, fsync and, of Shoal's,
 * encryption at rest. etcd is measured beside it, by the same client, in turns, where Debian's etcd-server is installed.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const chosen = settings(args, { rounds: 5, seconds: 5, writers: 64, managers: 3 });
  const managers = await Quorum.start({ count: chosen.managers, base: shoalBase });
  let cluster: Etcd | undefined;
  try {
    if (hasEtcd()) cluster = await Etcd.start(chosen.managers, etcdBase);
    else console.error("etcd is not installed (Debian: etcd-server): Shoal is measured alone");
    const leader = await managers.leader();
    const contenders = [
      shoal("shoal", await ManagerConfigs.at(leader, objectBytes)),
      shoal("shoal, gRPC", await GrpcConfigs.at(leader, objectBytes)),
      shoal("shoal, Docker API", new HttpConfigs(leader, objectBytes)),
      ...(cluster ? [await etcd(cluster)] : []),
    ];
    for (const writers of [chosen.writers, 1]) await compare(report, contenders, { ...chosen, writers });
  } finally {
    await cluster?.dispose();
    await managers.dispose();
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
  const etcd = contenders.find(({ name }) => name === "etcd");
  for (const contender of etcd ? contenders.filter(one => one !== etcd) : []) {
    const ratio = (what: keyof Load): number => of(contender, what) / of(etcd, what);
    report(`writes, ${contender.name} to etcd`, ratio("perSecond"), "ratio", params);
    report(`p50, ${contender.name} to etcd`, ratio("p50Ms"), "ratio", params);
  }
}

function shown({ writers, writes, p50Ms, p99Ms }: Load): Record<string, number> {
  return { writers, writes, p50Ms: Number(p50Ms.toFixed(2)), p99Ms: Number(p99Ms.toFixed(2)) };
}

function shoal(name: string, configs: Configs): Contender {
  let load = 0;
  return {
    name,
    write: n => configs.create(`${name.replaceAll(/\W+/g, "-")}-${load}-${n}`),
    clear: () => {
      load += 1;
      return configs.clear();
    },
  };
}

async function etcd(cluster: Etcd): Promise<Contender> {
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
  };
}
