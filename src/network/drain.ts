import { isIngress, isOverlay } from "../model/network.ts";
import { longestDrainSeconds, serviceLabels } from "../model/shoal-labels.ts";
import type { Task } from "../model/task.ts";

const defaultDrainMs = 2_000;

/** How long a task that is to be stopped goes on with what it has, in milliseconds: not at all where nobody calls it. */
export function drainMs(task: Task): number {
  if (!isCalled(task)) return 0;
  const seconds = Number(task.serviceAnnotations.labels[serviceLabels.drainSeconds] ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds, longestDrainSeconds) * 1_000 : defaultDrainMs;
}

/** Whether the task's service has a virtual address or a published port by which new callers come. */
function isCalled({ endpoint, networks }: Task): boolean {
  const onOverlay = networks.some(({ network }) => network && isOverlay(network) && !isIngress(network));
  return (onOverlay && (endpoint?.virtualIps.length ?? 0) > 0) || (endpoint?.ports.length ?? 0) > 0;
}

/** Ids of the swarm's networks that the task is on. */
export function networksOf({ networks }: Task): string[] {
  return networks.flatMap(({ network, addresses }) =>
    network && isOverlay(network) && addresses.length > 0 ? [network.id] : [],
  );
}
