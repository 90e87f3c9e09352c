/** Something about this node's networks that is not as it ought to be, in plain words. */
export interface Finding {
  /** An error is something that does not work; a warning, what may not be meant. */
  readonly severity: "error" | "warning";
  /** "network back". */
  readonly subject: string;
  readonly problem: string;
  /** What to do about it. */
  readonly next: string;
}

/** What the node itself puts right, when told to or within a minute. */
export const repairNext = "`shoal net doctor --repair` puts it right now; the node itself does within a minute";

export const error = (subject: string, problem: string, next = repairNext): Finding => ({
  ...{ severity: "error", subject, problem, next },
});

export const warning = (subject: string, problem: string, next: string): Finding => ({
  ...{ severity: "warning", subject, problem, next },
});

/** Those of `findings` that are in `others` as well. */
export function alsoIn(findings: readonly Finding[], others: readonly Finding[]): Finding[] {
  const keys = new Set(others.map(keyOf));
  return findings.filter(finding => keys.has(keyOf(finding)));
}

/** Those of `findings` that are not in `others`. */
export function notIn(findings: readonly Finding[], others: readonly Finding[]): Finding[] {
  const keys = new Set(others.map(keyOf));
  return findings.filter(finding => !keys.has(keyOf(finding)));
}

function keyOf({ subject, problem }: Finding): string {
  return `${subject}\n${problem}`;
}
