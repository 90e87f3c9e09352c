import { parseArgs } from "node:util";

/** Takes one measured value, to be printed as a line of text or of JSON. */
export type Report = (metric: string, value: number, unit: string, params?: Record<string, unknown>) => void;

/**
 * The settings of a bench from its flags: each is a number, `--rounds 20` for the key `rounds`. An unknown flag or one
 * that is no number is an error that names it.
 */
export function settings<T extends Readonly<Record<string, number>>>(args: readonly string[], defaults: T): T {
  const options = Object.fromEntries(Object.keys(defaults).map(name => [name, { type: "string" } as const]));
  const { values } = parseArgs({ args: [...args], options });
  const given = Object.entries(values).map(([name, text]) => {
    const value = Number(text);
    if (typeof text !== "string" || text.trim() === "" || Number.isNaN(value))
      throw new Error(`--${name} takes a number, not "${String(text)}"`);
    return [name, value];
  });
  return { ...defaults, ...Object.fromEntries(given) };
}

/** The value below which `share` (0 to 1) of the values lie, by nearest rank. 0 of no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
