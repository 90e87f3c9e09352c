import type { ReadTx } from "../../../store/tx.ts";
import type { Meta } from "../../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { integer } from "../../answer.ts";
import type { SwarmBackend } from "../../backend.ts";
import type { JsonObject } from "../../convert/omit.ts";
import type { LiveChange } from "./changes.ts";
import { type LiveKind, type LiveObjects, liveViews } from "./view.ts";

/** Objects in one part: converting so many holds up other requests for a few milliseconds. */
const partSize = 500;

/** What others come to depend on is first: nodes and services before their tasks. */
const kinds = ["cluster", "node", "network", "secret", "config", "service", "task"] as const;

/**
 * Everything that this manager knows, in parts: all of it as it was at the call. Nothing is asked of a leader, so that
 * there is something to see without one.
 */
export function wholeState(backend: Pick<SwarmBackend, "view">): Generator<LiveChange[], void> {
  const objects = backend.view(tx => kinds.map(kind => objectsOf(kind, tx)));
  return converted(objects);
}

type Identified = { readonly id: string; readonly meta?: Meta | undefined };

/** Objects of one kind, and how each is shown. */
interface Shown {
  readonly objects: readonly Identified[];
  partOf(from: number): LiveChange[];
}

function objectsOf<K extends (typeof kinds)[number]>(kind: K, tx: ReadTx): Shown {
  // What is indexed by K is a function of K's object, which TypeScript only sees when it is taken out once.
  const view: (object: LiveObjects[K]) => JsonObject = liveViews[kind];
  const table: { all(): Iterable<LiveObjects[K] & Identified> } = tx[kind];
  const objects = [...table.all()];
  return {
    objects,
    partOf: from =>
      objects.slice(from, from + partSize).map(object => ({
        Kind: kind as LiveKind,
        ID: object.id,
        Version: integer(object.meta?.version?.index ?? 0n),
        Object: view(object),
      })),
  };
}

function* converted(all: readonly Shown[]): Generator<LiveChange[], void> {
  for (const { objects, partOf } of all) for (let from = 0; from < objects.length; from += partSize) yield partOf(from);
}
