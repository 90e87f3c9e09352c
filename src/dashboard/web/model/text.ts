const units = [
  [24 * 60 * 60, "d"],
  [60 * 60, "h"],
  [60, "min"],
  [1, "s"],
] as const;

/** How long ago, in the largest unit that fits: "3 min". */
export function age(since: string, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(since)) / 1000));
  for (const [size, unit] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return "now";
}

/** When something was: "3 min ago". */
export function ago(since: string, nowMs: number): string {
  const text = age(since, nowMs);
  return text === "now" ? text : `${text} ago`;
}

/** What the API says, as people write it: with a capital letter and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

const step = 1024;

/** Bytes as people say them: "1.5 GiB". */
export function bytes(count: number): string {
  let value = count;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < step) return `${value < 10 && unit !== "B" ? value.toFixed(1) : Math.round(value)} ${unit}`;
    value /= step;
  }
  return `${value.toFixed(1)} TiB`;
}

const nanosPerCpu = 1_000_000_000;

/** Nano-CPUs as CPUs: "1.5". */
export function cpus(nanos: number): string {
  return String(Number((nanos / nanosPerCpu).toFixed(2)));
}

/** Processors kept busy: "1.5 CPU"; what is less than a hundredth is not nothing. */
export function processors(count: number): string {
  return `${count > 0 && count < 0.01 ? count.toFixed(3) : Number(count.toFixed(2))} CPU`;
}

/** "09:05", here. */
export function clockTime(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes()].map(part => String(part).padStart(2, "0")).join(":");
}

/** A count as people read it: "5,000". */
export function figure(count: number): string {
  return count.toLocaleString("en");
}

/** A count with its noun: "1 task", "5,000 tasks". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : many}`;
}
