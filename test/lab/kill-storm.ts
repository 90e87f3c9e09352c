import { eventually } from "./command.ts";
import type { Daemon } from "./daemon.ts";
import { ownStore, storeText } from "./own-store.ts";
import type { Quorum } from "./quorum.ts";
import { createService, runningTasks } from "./services.ts";
import { configWriter, counter, type StormWriter } from "./storm-writers.ts";

const writerCount = 4;
const replicas = 3;
/** Milliseconds until the kill of a round, and until the killed are started again, at most. */
const longestCalmMs = 300;
const longestDeathMs = 300;

export interface StormOptions {
  readonly quorum: Quorum;
  readonly rounds: number;
  readonly onRound?: (round: number, answered: number) => void;
}

export interface StormReport {
  readonly kills: number;
  /** Writes that were answered. */
  readonly answered: number;
  /** What must not be: writes lost or doubled, managers that differ. Empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * Kills random managers, each time fewer than half of them, while clients write through all of them. In the end every
 * manager itself must have exactly what was answered.
 */
export async function killStorm({ quorum, rounds, onRound }: StormOptions): Promise<StormReport> {
  const alive = new Set(quorum.all);
  const any = (): Daemon => pick([...alive]);
  await createService(any(), "web", { replicas });
  const configs = Array.from({ length: writerCount }, (_, at) => configWriter(at, any));
  const writers: StormWriter[] = [...configs, await counter("counter", any)];
  const answered = (): number => writers.reduce((sum, writer) => sum + writer.answered(), 0);
  let kills = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const before = answered();
    await passes(Math.random() * longestCalmMs);
    const victims = shuffled(quorum.all).slice(0, 1 + Math.floor(Math.random() * minority(quorum)));
    kills += victims.length;
    for (const victim of victims) alive.delete(victim);
    await Promise.all(victims.map(victim => victim.end("SIGKILL")));
    await passes(Math.random() * longestDeathMs);
    await Promise.all(victims.map(victim => victim.start()));
    for (const victim of victims) alive.add(victim);
    // Rounds without a write in between would prove nothing.
    await eventually(`writes are answered after round ${round}`, () => answered() > before || undefined);
    onRound?.(round, answered());
  }
  await Promise.all(writers.map(writer => writer.stop()));
  const violations = writers.flatMap(writer => writer.violations);
  violations.push(...(await differences(quorum, new Set(configs.flatMap(writer => writer.expected())))));
  await removeTasks(quorum);
  return { kills, answered: answered(), violations };
}

/** The most managers that can be gone. */
const minority = (quorum: Quorum): number => Math.floor((quorum.all.length - 1) / 2);

/** What is wrong once all managers run and are up to date. */
async function differences(quorum: Quorum, expected: ReadonlySet<string>): Promise<string[]> {
  const leader = await quorum.caughtUp();
  await runningTasks(leader, "web", replicas);
  await eventually("all managers have the same objects", async () => {
    await quorum.caughtUp();
    const texts = await Promise.all(quorum.all.map(async one => storeText(await ownStore(one))));
    return new Set(texts).size === 1 || undefined;
  });
  const wrong: string[] = [];
  for (const one of quorum.all) {
    const names = (await ownStore(one)).configs.map(config => config.spec?.annotations?.name ?? "");
    const there = new Set(names);
    const { hostname } = one.options;
    if (there.size < names.length) wrong.push(`${hostname} has configs twice`);
    for (const name of expected) if (!there.has(name)) wrong.push(`${hostname} has lost ${name}`);
    for (const name of there) if (!expected.has(name)) wrong.push(`${hostname} has ${name}, which was removed`);
  }
  const lists = await Promise.all(quorum.all.map(one => one.apiOk("GET", "/services?status=true")));
  if (new Set(lists.map(list => JSON.stringify(list))).size > 1) wrong.push("managers list different services");
  return wrong;
}

/** Tasks outlive their daemons. */
async function removeTasks(quorum: Quorum): Promise<void> {
  const leader = await quorum.leader();
  await leader.apiOk("DELETE", "/services/web");
  const tasks = async () => (await leader.apiOk("GET", "/tasks")) as readonly unknown[];
  await eventually("all tasks are gone", async () => (await tasks()).length === 0 || undefined);
}

function pick<T>(all: readonly T[]): T {
  const one = all[Math.floor(Math.random() * all.length)];
  if (one === undefined) throw new Error("there is nobody left");
  return one;
}

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map(one => ({ one, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

const passes = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
