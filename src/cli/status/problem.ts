/** Something that is wrong, or soon will be. */
export interface Problem {
  /** Errors make the exit status 1. */
  readonly severity: "error" | "warning";
  /** What it is about: "service web". */
  readonly subject: string;
  /** What is wrong with it, and why. */
  readonly reason: string;
  /** What to do about it. */
  readonly next: string;
}

export const error = (subject: string, reason: string, next: string): Problem => ({
  severity: "error",
  subject,
  reason,
  next,
});

export const warning = (subject: string, reason: string, next: string): Problem => ({
  severity: "warning",
  subject,
  reason,
  next,
});
