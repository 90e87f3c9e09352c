import { age } from "../model/text.ts";
import { now } from "../state.ts";

/** How long ago something was; the exact time as its title. */
export function Age({ since }: { readonly since: string }) {
  return (
    <time dateTime={since} title={new Date(since).toLocaleString()}>
      {age(since, now.value)}
    </time>
  );
}
