import type { Tone } from "../model/service.ts";
import { TaskMark } from "./task-mark.tsx";

const looks = { good: "running", busy: "starting", warn: "waiting", bad: "failed" } as const;

/** How well something is, as a shape and a word. */
export function ToneMark({ tone, says }: { readonly tone: Tone; readonly says: string }) {
  return (
    <span class={`tone ${tone}`}>
      <TaskMark look={looks[tone]} /> {says}
    </span>
  );
}
