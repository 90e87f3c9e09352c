import { callProtocol } from "../../src/rpc/calls/call-frames.ts";
import { SimRandom } from "../../src/sim/random.ts";
import { callOnce } from "./calls.ts";
import { Garrison } from "./garrison.ts";
import { apiInput, ask } from "./http.ts";
import type { Intruder } from "./intruder.ts";
import { Mutator } from "./mutator.ts";
import { type Outcome, Tally } from "./outcome.ts";
import { joinInput, prefixBytes, rpcInput } from "./rpc-inputs.ts";
import { Target } from "./target.ts";
import { apiTemplates } from "./templates.ts";
import { callBytes, http2Bytes, peerBytes, pour } from "./wires.ts";

/** Inputs between two looks at the manager's size. */
const roundSize = 2_500;
/** Inputs under way at a time. */
const width = 32;
/** The manager may be larger by this than after the first round, garbage collected: bytes. */
export const growthLimitBytes = 32 << 20;

export interface CampaignOptions {
  readonly seed: number;
  /** Inputs, from number `first` on: each depends on the seed and its number alone. */
  readonly count: number;
  readonly first?: number;
  /** Loopback address that the manager has for itself. */
  readonly address: string;
  /** Hears of each round. */
  readonly say?: (line: string) => void;
}

export interface Sizes {
  readonly rss: number;
  /** Heap and buffers in use. */
  readonly used: number;
}

export interface CampaignReport {
  readonly tally: Tally;
  /** After each round. */
  readonly sizes: readonly Sizes[];
}

/**
 * Sends mutated certificate requests, join tokens, RPCs, bytes and API requests to a live manager. What is wrong is in the
 * report: whatever is not answered, is answered as the manager's own mistake, makes it log an error, grow, or fail at its work.
 */
export async function campaign(options: CampaignOptions): Promise<CampaignReport> {
  const { count, first = 0, address, say = () => {} } = options;
  const target = new Target(address);
  const garrison = new Garrison(target);
  const tally = new Tally();
  const sizes: Sizes[] = [];
  // Waiting for an answer to come is no reason for Node to go on; this is.
  const alive = setInterval(() => {}, 60_000);
  try {
    await target.start();
    await garrison.found();
    const round = Math.min(roundSize, Math.ceil(count / 2));
    for (let from = first; from < first + count; from += round) {
      await garrison.prepare();
      await volley(options, target, garrison, tally, [from, Math.min(from + round, first + count)]);
      await garrison.tidy();
      sizes.push(await sizeOf(target));
      const { rss, used } = sizes.at(-1) ?? { rss: 0, used: 0 };
      say(`${tally.total} inputs, ${tally.findings.size} findings, ${mib(used)} used of ${mib(rss)}`);
    }
    await garrison.works();
  } catch (error) {
    tally.found(first + tally.total, `the manager does not do its work any more: ${error}`);
  } finally {
    for (const line of new Set(target.trouble())) tally.found(first + count, `it says: ${line.slice(0, 500)}`);
    if (!target.running) tally.found(first + tally.total, "the manager has ended");
    garrison.close();
    await target.stop();
    clearInterval(alive);
  }
  const growth = (sizes.at(-1)?.used ?? 0) - (sizes[0]?.used ?? 0);
  if (growth > growthLimitBytes) tally.found(first + count, `the manager has grown by ${mib(growth)}`);
  return { tally, sizes };
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

async function volley(
  { seed }: CampaignOptions,
  target: Target,
  garrison: Garrison,
  tally: Tally,
  [from, to]: readonly [number, number],
): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < to && target.running) {
      const input = next++;
      tally.add(
        input,
        await oneInput(new Mutator(new SimRandom(seed * 1_000_003 + input), garrison.known), target, garrison),
      );
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (!target.running) throw new Error(`it ended at about input ${next}`);
}

async function oneInput(
  mutator: Mutator,
  target: Target,
  { intruders, tokens, templates, known }: Garrison,
): Promise<Outcome> {
  const intruder = intruders[mutator.one<Intruder["role"]>(["nobody", "nobody", "worker", "manager", "manager"])];
  // Many hosts: too many failed joins from one are answered without being looked at.
  const from = `127.${64 + mutator.below(64)}.${mutator.below(256)}.${1 + mutator.below(250)}`;
  const dice = mutator.random.float();
  if (dice < 0.3) return callOnce(intruder.session(from), await joinInput(intruder.role, tokens, mutator));
  if (dice < 0.62) return callOnce(intruder.session(from), rpcInput(intruder.role, templates, mutator));
  if (dice < 0.72) {
    const { path, body } = rpcInput(intruder.role, templates, mutator);
    return pour(
      intruder.tls("h2", from),
      `bytes of HTTP/2 as ${intruder.role}`,
      http2Bytes(path, body, mutator),
      mutator,
    );
  }
  if (dice < 0.78)
    return pour(
      intruder.tls("shoal-peers/1", from),
      `bytes among managers as ${intruder.role}`,
      peerBytes(intruder.role, mutator),
      mutator,
    );
  if (dice < 0.84) {
    const { path, body } = rpcInput(intruder.role, templates, mutator);
    return pour(
      intruder.tls(callProtocol, from),
      `calls among managers as ${intruder.role}`,
      callBytes(intruder.role, path, Buffer.from(body.subarray(prefixBytes)), mutator),
      mutator,
    );
  }
  return ask(target.socket, apiInput(mutator.one(apiTemplates), known, mutator));
}

async function sizeOf(target: Target): Promise<Sizes> {
  const { rss, heapUsed, external } = await target.size();
  return { rss, used: heapUsed + external };
}
