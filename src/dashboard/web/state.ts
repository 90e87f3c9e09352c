import { batch, type Signal, signal } from "@preact/signals";
import type { Change } from "./model/objects.ts";
import { Swarm, type Topic } from "./model/swarm.ts";

/** Whether the page hears from the swarm: "lost" shows what was known last. */
export type Link = "connecting" | "live" | "lost";

export const link = signal<Link>("connecting");
/** Why the link is lost, where that is known. */
export const linkReason = signal("");
/** The id of the manager that shows the page. */
export const servedBy = signal("");
/** Seconds tick: for ages. */
export const now = signal(Date.now());

let swarm = new Swarm();
/** How often the whole swarm was heard of: 0 while nothing is known. */
export const generation = signal(0);
/** When that was last, milliseconds of the page's own clock. */
export const shownSince = signal(0);
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

/** What has changed since the page was drawn. */
const touched = new Set<Topic>();
let frame = 0;
/** How much longer than drawing took it is left alone then, so that who uses the page is not kept waiting by a storm of changes. */
const restShare = 2;
const longestRestMs = 1_000;
let restsUntil = 0;

/**
 * Takes changes in. However fast the swarm changes, the page is drawn once a frame, and less often where that takes long; one in
 * the background, which has no frames, takes them in all the same and is drawn when it is looked at.
 */
export function applyChanges(changes: readonly Change[]): void {
  for (const topic of swarm.apply(changes)) touched.add(topic);
  if (frame === 0) frame = requestAnimationFrame(draw);
}

function draw(): void {
  const beganMs = performance.now();
  if (beganMs < restsUntil) {
    frame = requestAnimationFrame(draw);
    return;
  }
  frame = 0;
  // Comes when the browser has laid out and painted what follows from it.
  setTimeout(() => {
    const endedMs = performance.now();
    restsUntil = endedMs + Math.min(longestRestMs, restShare * (endedMs - beganMs));
  });
  batch(() => {
    for (const topic of touched) {
      const revision = revisions.get(topic);
      if (revision) revision.value++;
    }
  });
  touched.clear();
}

/** Puts a swarm that was heard of anew in the place of the one known so far. */
export function replaceSwarm(next: Swarm): void {
  swarm = next;
  revisions.clear();
  shownSince.value = performance.now();
  generation.value++;
}

function revisionOf(topic: Topic): Signal<number> {
  const revision = revisions.get(topic) ?? signal(0);
  revisions.set(topic, revision);
  return revision;
}
