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

/** A service's name, or its id. */
const serviceName = /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/i;

/** What cannot be read of a label. */
export interface BadLabel {
  readonly text: string;
}

export function isBadLabel(read: readonly Dependency[] | BadLabel): read is BadLabel {
  return "text" in read;
}

/** Whether it may name a service: names are parts of DNS names (SwarmKit takes underscores, too). */
export function isServiceName(text: string): boolean {
  return serviceName.test(text);
}

/** Reads a label like `db:healthy,init:completed`; a service without a condition is to be started. */
export function parseDependsOn(label: string): Dependency[] | BadLabel {
  const found: Dependency[] = [];
  for (const part of label.split(",").map(text => text.trim())) {
    if (part === "") continue;
    const [service = "", name = "started", ...rest] = part.split(":");
    const condition = conditions.find(each => each === name);
    if (!isServiceName(service) || !condition || rest.length > 0) return { text: part };
    found.push({ service, condition });
  }
  return found;
}
