import { constants } from "node:os";
import { Fault } from "../../lib/fault.ts";

/** The signal whose default action a process never survives, and which it cannot catch. */
export const killSignal = 9;
const terminateSignal = 15;

/**
 * The number of a stop signal as a spec spells it: "SIGTERM", "term", "15", "SIGRTMIN+3"; SIGTERM for "". Faults
 * invalid_argument with Docker's text.
 */
export function signalNumber(name: string): number {
  if (name === "") return terminateSignal;
  const bare = name.toUpperCase().replace(/^SIG/, "");
  const number = /^\d+$/.test(bare) ? Number(bare) : (named(bare) ?? realTime(bare));
  if (number === undefined || number < 1 || number > highestSignal)
    throw new Fault("invalid_argument", `Invalid signal: ${name}`);
  return number;
}

const highestSignal = 64;
/** First and last real-time signal as the C library counts them. */
const realTimeSignals = { RTMIN: 34, RTMAX: 64 };

function named(bare: string): number | undefined {
  return new Map(Object.entries(constants.signals)).get(`SIG${bare}`);
}

function realTime(bare: string): number | undefined {
  const match = /^(RTMIN|RTMAX)([+-]\d+)?$/.exec(bare);
  return match ? realTimeSignals[match[1] as keyof typeof realTimeSignals] + Number(match[2] ?? 0) : undefined;
}

/** Signals whose default action is not to end the process. */
const harmless = new Set<number>([
  constants.signals.SIGCHLD,
  constants.signals.SIGCONT,
  constants.signals.SIGURG,
  constants.signals.SIGWINCH,
  constants.signals.SIGSTOP,
  constants.signals.SIGTSTP,
  constants.signals.SIGTTIN,
  constants.signals.SIGTTOU,
]);

/** What `/proc/PID/status` says about signals, as hexadecimal masks (bit 0 is signal 1). */
export interface SignalMasks {
  readonly caught: bigint;
  readonly ignored: bigint;
}

/** Whether a process with these masks would be ended by the signal's default action. */
export function endsByDefault(signal: number, masks: SignalMasks): boolean {
  const bit = 1n << BigInt(signal - 1);
  return !harmless.has(signal) && ((masks.caught | masks.ignored) & bit) === 0n;
}
