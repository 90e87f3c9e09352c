import { readlinkSync } from "node:fs";
import { withInputFile } from "./input-file.ts";
import { type Run, startProgram, successOf } from "./program.ts";

/** What `nft monitor` says when a transaction is in force. */
const generation = /^# new generation \d+(?: by process (?<pid>\d+))?/;
/** The machine's own namespace of process ids (Linux: PROC_PID_INIT_INO): the kernel tells of transactions by ids of that one. */
const machinePids = "pid:[4026531836]";

/**
 * Changes of nftables' rules, one transaction each. A program that has removed rules is held up by the kernel as it ends, until nobody
 * looks at them any more: 10 ms and more in which its changes are in force already. So who watches the rules tells of it sooner.
 */
export class RulesTransactions {
  readonly #start: (commands: string) => Promise<Run>;
  readonly #canTell: boolean;
  readonly #waiting = new Map<number, () => void>();

  constructor(start = startNft, canTell = readsMachinePids()) {
    this.#start = start;
    this.#canTell = canTell;
  }

  /** Takes in a line of `nft monitor`. Returns whether it says that rules have changed, by whomever: what of them is not always told. */
  read(line: string): boolean {
    const found = generation.exec(line);
    const pid = found?.groups?.pid;
    if (pid !== undefined) this.#waiting.get(Number(pid))?.();
    return found !== null;
  }

  /** Resolves when the commands are in force, all of them; rejects as `mustRun` when none of them is. */
  async run(commands: string): Promise<void> {
    const run = await this.#start(commands);
    await Promise.race([successOf(run), this.#toldOf(run)]);
  }

  /** Resolves when it is told that the program's changes are in force; never where nobody tells. */
  #toldOf({ pid, outcome }: Run): Promise<void> {
    return new Promise(resolve => {
      if (pid === undefined || !this.#canTell) return;
      this.#waiting.set(pid, resolve);
      const forget = (): void => void this.#waiting.delete(pid);
      outcome.then(forget, forget);
    });
  }
}

function startNft(commands: string): Promise<Run> {
  return withInputFile(commands, input => startProgram("nft", ["-f", "-"], input));
}

/** In a container with ids of its own somebody else's program might pass for ours. */
function readsMachinePids(): boolean {
  try {
    return readlinkSync("/proc/self/ns/pid") === machinePids;
  } catch {
    return false;
  }
}
