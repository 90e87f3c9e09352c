import type { Service } from "../../model/objects.ts";

/** A service's label with what its tasks wait for: `db:healthy,init:completed`. */
export const dependsOnLabel = "shoal.depends-on";

const conditions = ["started", "healthy", "completed"] as const;
/**
 * What is waited for: all tasks that are wanted of the other service have been started; run, which those with a health check
 * do when it has passed; have ended well.
 */
export type Condition = (typeof conditions)[number];

export interface Dependency {
  /** The other service's name or id, as it was written. */
  readonly service: string;
  readonly condition: Condition;
}

/** What cannot be read of a label. */
export interface BadLabel {
  readonly text: string;
}

/** What the service's tasks wait for before they are started for the first time. */
export function dependenciesOf({ spec: { annotations } }: Service): Dependency[] | BadLabel {
  const found: Dependency[] = [];
  for (const part of (annotations.labels[dependsOnLabel] ?? "").split(",").map(text => text.trim())) {
    if (part === "") continue;
    const [service = "", name = "started", ...rest] = part.split(":");
    const condition = conditions.find(each => each === name);
    if (service === "" || !condition || rest.length > 0) return { text: part };
    found.push({ service, condition });
  }
  return found;
}
