const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const part = /(\d+(?:\.\d+)?)(ms|s|m|h)/y;

/** A span of time as Go and Docker write it, like `1h30m`, `90s` or `0`, in milliseconds; undefined for anything else. */
export function parseSpan(text: string): number | undefined {
  if (text === "0") return 0;
  let total = 0;
  part.lastIndex = 0;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    const found = part.exec(text);
    if (!found) return undefined;
    const [, number, unit = ""] = found;
    total += Number(number) * (unitMs[unit] ?? 0);
  }
  return text === "" ? undefined : total;
}
