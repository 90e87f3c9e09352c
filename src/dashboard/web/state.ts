import { batch, type Signal, signal } from "@preact/signals";
import type { Change } from "./model/objects.ts";
import { Swarm, type Topic } from "./model/swarm.ts";

/** Whether the page hears from the swarm: "lost" shows what was known last. */
export type Link = "connecting" | "live" | "lost";

export const link = signal<Link>("connecting");
/** Why the link is lost, where that is known. */
export const linkReason = signal("");
/** Seconds tick: for ages. */
export const now = signal(Date.now());

let swarm = new Swarm();
/** How often the whole swarm was heard of: 0 while nothing is known. */
export const generation = signal(0);
const revisions = new Map<Topic, Signal<number>>();

/** The swarm, for a component that is drawn again whenever one of these topics changes. */
export function useSwarm(...topics: readonly Topic[]): Swarm {
  generation.value;
  for (const topic of topics) revisionOf(topic).value;
  return swarm;
}

/** The swarm as it is now, for what is not drawn. */
export function currentSwarm(): Swarm {
  return swarm;
}

export function applyChanges(changes: readonly Change[]): void {
  const touched = swarm.apply(changes);
  batch(() => {
    for (const topic of touched) {
      const revision = revisions.get(topic);
      if (revision) revision.value++;
    }
  });
}

/** Puts a swarm that was heard of anew in the place of the one known so far. */
export function replaceSwarm(next: Swarm): void {
  swarm = next;
  revisions.clear();
  generation.value++;
}

function revisionOf(topic: Topic): Signal<number> {
  const revision = revisions.get(topic) ?? signal(0);
  revisions.set(topic, revision);
  return revision;
}
