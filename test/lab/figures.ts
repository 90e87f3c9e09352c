import type { Daemon } from "./daemon.ts";

const metricsPort = 9323;

/** The flag that makes a daemon at `address` serve its metrics where `figuresOf` looks for them. */
export const metricsFlags = (address: string): readonly string[] => ["--metrics-addr", `${address}:${metricsPort}`];

/** A daemon's metrics by `name{labels}`, as they are now. */
export async function figuresOf({ options }: Daemon): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`http://${options.address}:${metricsPort}/metrics`);
  const lines = (await answer.text()).split("\n").filter(line => line !== "" && !line.startsWith("#"));
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]));
}

/** Sum of the figures of a name, whatever their labels. */
export function total(figures: ReadonlyMap<string, number>, name: string): number {
  return [...figures].reduce(
    (sum, [key, value]) => (key === name || key.startsWith(`${name}{`) ? sum + value : sum),
    0,
  );
}
