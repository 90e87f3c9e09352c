import type { Grammar } from "../model/shoal-labels.ts";
import { invalidArgument } from "./parts.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Refuses a label of Shoal's own that cannot be read: it would silently do nothing. What was there `before` is let be, so that
 * a node or service that has an older mistake can still be changed; labels without a grammar are the user's own.
 */
export function checkLabels(labels: Labels, grammars: Readonly<Record<string, Grammar>>, before: Labels = {}): void {
  for (const [name, { accepts, takes }] of Object.entries(grammars)) {
    const text = Object.hasOwn(labels, name) ? labels[name] : undefined;
    if (text === undefined || text === before[name] || accepts(text)) continue;
    throw invalidArgument(`label ${name}=${JSON.stringify(text)} cannot be read: it takes ${takes}`);
  }
}
