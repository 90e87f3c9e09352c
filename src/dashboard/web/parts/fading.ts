import { useEffect, useRef, useState } from "preact/hooks";
import type { Task } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";

/** Milliseconds for which what has ended is still seen; the style sheet fades it in as long. */
const fadeMs = 2_500;
/** Tasks of a swarm in which single ones are seen to come and go: each costs a layer of its own while it does. */
const mostAnimatedTasks = 1_000;

/** Whether so few tasks are shown that one sees a single one come or go. */
export function areSeenSingly(swarm: Swarm): boolean {
  return swarm.size("task") <= mostAnimatedTasks;
}

/** Tasks that were among the wanted ones until a moment ago, as they are now: what ends does not just vanish. */
export function useFading(wanted: readonly Task[], swarm: Swarm): readonly Task[] {
  const [fading, setFading] = useState<readonly Task[]>([]);
  const before = useRef(wanted);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const ids = new Set(wanted.map(({ ID }) => ID));
    const ended = before.current.filter(({ ID }) => !ids.has(ID)).flatMap(({ ID }) => swarm.get("task", ID) ?? []);
    before.current = wanted;
    if (ended.length === 0 || !areSeenSingly(swarm)) return;
    setFading(already => [...already, ...ended]);
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setFading(already => already.filter(task => !ended.includes(task)));
    }, fadeMs);
    timers.current.add(timer);
  });
  useEffect(() => () => timers.current.forEach(clearTimeout), []);
  return fading;
}
