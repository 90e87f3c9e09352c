import { type BadLabel, type Dependency, isBadLabel, parseDependsOn } from "../../model/depends-on.ts";
import type { Service } from "../../model/objects.ts";
import { serviceLabels } from "../../model/shoal-labels.ts";
import type { ReadTx } from "../../store/tx.ts";
import { progressOf } from "./progress.ts";

/** Set on the services of a stack by everything that deploys one. */
const stackLabel = "com.docker.stack.namespace";

/** What a service waits for, in words, and the services that may bring its end nearer. */
export interface Wait {
  readonly text: string;
  readonly services: readonly string[];
}

/** What the service's tasks wait for before they are started for the first time. */
function dependenciesOf({ spec: { annotations } }: Service): Dependency[] | BadLabel {
  return parseDependsOn(annotations.labels[serviceLabels.dependsOn] ?? "");
}

/** What first starts of the service's tasks have to wait for now; undefined when they need not, or not any longer. */
export function waitOf(service: Service, tx: ReadTx): Wait | undefined {
  const dependencies = dependenciesOf(service);
  if (isBadLabel(dependencies))
    return waiting(
      `cannot read label ${serviceLabels.dependsOn}: "${dependencies.text}" is not SERVICE[:started|healthy|completed]`,
    );
  if (dependencies.length === 0) return undefined;
  const cycle = cycleOf(service, tx);
  if (cycle) return waiting(`waits for itself: ${cycle.map(each => `"${nameOf(each)}"`).join(" → ")}`);
  const waits = dependencies.flatMap(dependency => unmet(dependency, service, tx) ?? []);
  if (waits.length === 0) return undefined;
  return {
    text: `waits for ${waits.map(({ text }) => text).join("; ")}`,
    services: waits.flatMap(({ services }) => services),
  };
}

function waiting(text: string): Wait {
  return { text, services: [] };
}

function unmet({ service: name, condition }: Dependency, dependent: Service, tx: ReadTx): Wait | undefined {
  const service = findService(name, dependent, tx);
  if (!service) return waiting(`service "${name}": there is no such service`);
  const { done, wanted, failure } = progressOf(service, condition, tx.task.byService(service.id), tx.node.all());
  // Nothing of nothing is not what anybody waits for.
  if (wanted > 0 && done >= wanted) return undefined;
  const failed = failure === undefined ? "" : `, failed for good (${failure})`;
  return { text: `service "${nameOf(service)}": ${done}/${wanted} ${condition}${failed}`, services: [service.id] };
}

/** The service that a name or id means: one of the same stack before any other, as in a stack's file. */
function findService(name: string, dependent: Service, tx: ReadTx): Service | undefined {
  const stack = dependent.spec.annotations.labels[stackLabel];
  const ofStack = stack === undefined ? undefined : tx.service.byName(`${stack}_${name}`)[0];
  return ofStack ?? tx.service.byName(name)[0] ?? tx.service.get(name);
}

/** The way from the service back to itself, if what it waits for waits for it in turn. */
function cycleOf(start: Service, tx: ReadTx): Service[] | undefined {
  const seen = new Set<string>();
  const search = (service: Service, way: readonly Service[]): Service[] | undefined => {
    const dependencies = dependenciesOf(service);
    for (const { service: name } of isBadLabel(dependencies) ? [] : dependencies) {
      const next = findService(name, service, tx);
      if (next?.id === start.id) return [...way, next];
      if (!next || seen.has(next.id)) continue;
      seen.add(next.id);
      const found = search(next, [...way, next]);
      if (found) return found;
    }
    return undefined;
  };
  return search(start, [start]);
}

function nameOf({ spec: { annotations } }: Service): string {
  return annotations.name;
}
