const unitNanos: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 24 * 3600e9,
  w: 7 * 24 * 3600e9,
};

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** A duration as Go writes it ("1h30m", "500ms", "0"), in nanoseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitNanos[unit ?? ""] ?? 0), 0));
}

/** A size as Docker writes it ("64m", "1.5GiB", "100"), in bytes; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(?:b|([kmgtp]?)(?:i?b)?)?$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Math.floor(Number(amount) * (unitBytes[(unit ?? "").toLowerCase()] ?? 1));
}

/** A number of CPUs ("0.5"), in billionths; undefined when it is none. */
export function parseCpus(text: string): number | undefined {
  return /^\d*(\.\d+)?$/.test(text) && text !== "" ? Math.round(Number(text) * 1e9) : undefined;
}
