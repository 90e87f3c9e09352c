import { Etcd, hasEtcd } from "./lab/etcd.ts";
import { type Load, load } from "./lab/load.ts";
import { QuorumProcesses } from "./lab/quorum-processes.ts";
import { median, type Report, settings } from "./lab/report.ts";

const shoalBase = 64;
const etcdBase = 65;

type Contender = (writers: number) => Promise<Load>;

/**
 * What the log that managers keep can take: three processes on loopback, mutual TLS, fsync, encryption at rest; writers in
 * the leader's process, a write being done when it is committed and applied. The bench `raft` has the managers' APIs in front
 * of it. etcd is measured in turns where it is installed, through its only front.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { rounds, seconds, writers, bytes } = settings(args, { rounds: 5, seconds: 4, writers: 64, bytes: 1024 });
  const quorum = await QuorumProcesses.start(3, shoalBase);
  let etcd: Etcd | undefined;
  try {
    if (hasEtcd()) etcd = await Etcd.start(3, etcdBase);
    else console.error("etcd is not installed (Debian: etcd-server): Shoal is measured alone");
    const contenders = new Map<string, Contender>([["shoal", shoalOf(quorum, seconds, bytes)]]);
    if (etcd) contenders.set("etcd", await etcdOf(etcd, seconds, bytes));
    for (const many of [writers, 1]) await compare(report, contenders, { writers: many, rounds, seconds, bytes });
  } finally {
    await etcd?.dispose();
    quorum.dispose();
  }
}

interface Params extends Record<string, number> {
  readonly writers: number;
  readonly rounds: number;
}

async function compare(report: Report, contenders: Map<string, Contender>, params: Params): Promise<void> {
  const loads = new Map<string, Load[]>([...contenders.keys()].map(name => [name, []]));
  // The first round is for warming up.
  for (let round = 0; round <= params.rounds; round++)
    for (const [name, contender] of contenders) {
      const result = await contender(params.writers);
      if (round > 0) loads.get(name)?.push(result);
    }
  const of = (name: string, what: keyof Load): number => median((loads.get(name) ?? []).map(result => result[what]));
  for (const name of contenders.keys()) {
    report(`${name}, writes`, of(name, "perSecond"), "1/s", params);
    report(`${name}, p50`, of(name, "p50Ms"), "ms", params);
    report(`${name}, p99`, of(name, "p99Ms"), "ms", params);
  }
  if (!contenders.has("etcd")) return;
  report("writes, shoal to etcd", of("shoal", "perSecond") / of("etcd", "perSecond"), "ratio", params);
  report("p50, shoal to etcd", of("shoal", "p50Ms") / of("etcd", "p50Ms"), "ratio", params);
}

function shoalOf(quorum: QuorumProcesses, seconds: number, bytes: number): Contender {
  return async writers => {
    const result = await quorum.load(writers, seconds * 1000, bytes);
    await quorum.clear();
    return result;
  };
}

async function etcdOf(etcd: Etcd, seconds: number, bytes: number): Promise<Contender> {
  const leader = await etcd.leader();
  const value = Buffer.alloc(bytes, "x");
  let loads = 0;
  return async writers => {
    const prefix = `config-${++loads}-`;
    const write = (n: number) => etcd.put(leader, `${prefix}${n}`, value);
    const result = await load(write, { writers, durationMs: seconds * 1000 });
    await etcd.clear(leader, prefix);
    return result;
  };
}
