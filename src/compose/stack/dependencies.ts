import type { Dependency, Service } from "../service-schema.ts";
import type { Namespace } from "./namespace.ts";

/** What tells the swarm to hold a service's tasks back until others have come so far: `SERVICE:CONDITION`, with commas between. */
export const dependsOnLabel = "shoal.depends-on";

const words: Readonly<Record<string, string>> = {
  service_started: "started",
  service_healthy: "healthy",
  service_completed_successfully: "completed",
};

/** The label's value; undefined for a service that depends on nothing. */
export function dependsOn({ depends_on: others = {} }: Service, namespace: Namespace): string | undefined {
  const wishes = Object.entries(others).map(([name, { condition }]) => `${namespace.scoped(name)}:${words[condition]}`);
  return wishes.length > 0 ? wishes.sort().join(",") : undefined;
}

/** Names of the services whose update makes this one's tasks start anew. */
export function restartedWith({ depends_on: others = {} }: Service): string[] {
  return Object.entries(others)
    .filter(([, { restart }]: [string, Dependency]) => restart)
    .map(([name]) => name);
}

/** Whether some service waits for this one to complete. */
export function mustComplete(name: string, services: Readonly<Record<string, Service>>): boolean {
  return Object.values(services).some(
    ({ depends_on: others }) => others?.[name]?.condition === "service_completed_successfully",
  );
}
