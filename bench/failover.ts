import type { Daemon } from "../test/lab/daemon.ts";
import { Quorum } from "../test/lab/quorum.ts";
import { HttpConfigs } from "./lab/configs.ts";
import { Etcd, hasEtcd } from "./lab/etcd.ts";
import { type Outage, outage } from "./lab/outage.ts";
import { median, type Report, settings } from "./lab/report.ts";

const objectBytes = 1024;
/** Third bytes of the loopback addresses. */
const shoalBase = 62;
const etcdBase = 63;
const managerCount = 3;
/** How long a paused process stays so once its followers have done without it, milliseconds. */
const pauseMs = 3_000;
/** How long the leader is watched after one came back, milliseconds: several election timeouts. */
const watchMs = 5_000;

/**
 * The leader of three real managers is killed, or paused, again and again: how long until a write through a follower is
 * answered, by the Docker API on its socket. Its etcd's figure is a put through a follower. Between rounds the
 * one that was killed is started again and has caught up.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { rounds, pauses, etcd } = settings(args, { rounds: 20, pauses: 5, etcd: 1 });
  const managers = await Quorum.start({ count: managerCount, base: shoalBase });
  try {
    summary(
      report,
      "shoal, leader killed",
      await repeat(report, "shoal, leader killed", rounds, n => kill(managers, n)),
    );
    const paused = await repeat(report, "shoal, leader paused", pauses, n => pauseLeader(managers, n));
    summary(report, "shoal, leader paused", paused);
    let deposed = 0;
    for (let round = 1; round <= pauses; round += 1) deposed += await pauseFollower(managers);
    report("healthy leaders deposed by whoever came back", deposed, "leaders", { pauses });
  } finally {
    await managers.dispose();
  }
  if (etcd && hasEtcd()) await measureEtcd(report, rounds);
}

async function repeat(
  report: Report,
  what: string,
  rounds: number,
  strike: (round: number) => Promise<Outage>,
): Promise<Outage[]> {
  const outages: Outage[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const result = await strike(round);
    const { firstTryMs, firstTryWorked } = result;
    report(`${what}, round ${round}`, result.untilAnsweredMs, "ms", {
      firstTryMs: Math.round(firstTryMs),
      firstTryWorked,
    });
    outages.push(result);
  }
  return outages;
}

function summary(report: Report, what: string, outages: readonly Outage[]): void {
  if (outages.length === 0) return;
  const times = outages.map(({ untilAnsweredMs }) => untilAnsweredMs);
  report(`${what}, median`, median(times), "ms", { rounds: times.length });
  report(`${what}, worst`, Math.max(...times), "ms", { rounds: times.length });
}

async function kill(managers: Quorum, round: number): Promise<Outage> {
  const { leader, follower } = await leaderAndFollower(managers);
  const configs = new HttpConfigs(follower, objectBytes);
  await configs.create(`before-kill-${round}`);
  let gone = Promise.resolve();
  const strike = (): void => {
    gone = leader.end("SIGKILL");
  };
  const result = await outage(strike, n => configs.create(`kill-${round}-${n}`));
  await gone;
  configs.close();
  await leader.start();
  await managers.caughtUp();
  return result;
}

/** Pauses the leader, which then must not depose the next one when it goes on. */
async function pauseLeader(managers: Quorum, round: number): Promise<Outage> {
  const { leader, follower } = await leaderAndFollower(managers);
  const configs = new HttpConfigs(follower, objectBytes);
  await configs.create(`before-pause-${round}`);
  try {
    return await outage(
      () => process.kill(leader.pid, "SIGSTOP"),
      n => configs.create(`pause-${round}-${n}`),
    );
  } finally {
    process.kill(leader.pid, "SIGCONT");
    configs.close();
    await managers.caughtUp();
  }
}

/** Pauses a follower for longer than any election timeout. Gives 1 when the leader is another one afterwards. */
async function pauseFollower(managers: Quorum): Promise<number> {
  const { leader, follower } = await leaderAndFollower(managers);
  const term = await managers.term(leader);
  process.kill(follower.pid, "SIGSTOP");
  await passes(pauseMs);
  process.kill(follower.pid, "SIGCONT");
  await passes(watchMs);
  const isSame = (await managers.caughtUp()) === leader && (await managers.term(leader)) === term;
  return isSame ? 0 : 1;
}

async function leaderAndFollower(managers: Quorum): Promise<{ leader: Daemon; follower: Daemon }> {
  const leader = await managers.caughtUp();
  const follower = managers.all.find(one => one !== leader);
  if (!follower) throw new Error("there is only one manager");
  return { leader, follower };
}

async function measureEtcd(report: Report, rounds: number): Promise<void> {
  const etcd = await Etcd.start(managerCount, etcdBase);
  const value = Buffer.alloc(objectBytes, "x");
  try {
    const killed = await repeat(report, "etcd, leader killed", rounds, async round => {
      const leader = await etcd.leader();
      const follower = (leader + 1) % managerCount;
      await etcd.put(follower, `before-${round}`, value);
      const result = await outage(
        () => etcd.signal(leader, "SIGKILL"),
        n => etcd.put(follower, `kill-${round}-${n}`, value),
      );
      etcd.restart(leader);
      await etcd.leader();
      return result;
    });
    summary(report, "etcd, leader killed", killed);
  } finally {
    await etcd.dispose();
  }
}

const passes = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
