import Table from "cli-table3";
import { humanDuration } from "../lib/human-duration.ts";

const none = { top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "" };
const bare = { ...none, "bottom-left": "", "bottom-right": "", left: "", "left-mid": "", mid: "", "mid-mid": "" };

/** Columns under headings, as docker prints them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const chars = { ...bare, right: "", "right-mid": "", middle: "  " };
  const style = { "padding-left": 0, "padding-right": 1, head: [], border: [] };
  const made = new Table({ head: [...head], chars, style });
  made.push(...rows.map(row => [...row]));
  return made.toString().replace(/[ \t]+$/gm, "");
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** For whoever looks at the screen, apart from what a script reads. */
export function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 4));
}

/** How long ago, in docker's words. */
export function ago(since: string, now = Date.now()): string {
  return `${humanDuration(now - Date.parse(since)).toLowerCase()} ago`;
}

export const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
export const shortId = (id: string): string => id.slice(0, 12);
