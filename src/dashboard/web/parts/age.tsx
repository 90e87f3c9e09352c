import { age, ago } from "../model/text.ts";
import { now } from "../state.ts";

interface AgeProps {
  readonly since: string;
  /** Says when it was ("3 min ago") in the place of for how long. */
  readonly isPast?: boolean;
}

/** How long ago something was; the exact time, in the visitor's time zone, as its title. */
export function Age({ since, isPast = false }: AgeProps) {
  return (
    <time dateTime={since} title={new Date(since).toLocaleString(undefined, timeStyle)}>
      {(isPast ? ago : age)(since, now.value)}
    </time>
  );
}

const timeStyle = { dateStyle: "medium", timeStyle: "long" } as const;
