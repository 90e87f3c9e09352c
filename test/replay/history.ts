import { goneAt, idOf, type Kind, madeBy, observe } from "./observation.ts";
import type { Exchange, Given, Transcript } from "./transcript.ts";

/** When a request was sent; single ones came after everything but what was tried on the locked swarm. */
export function momentOf(exchange: Exchange): number {
  return exchange.number || 7909;
}

/** Engines count their requests by themselves: the manager, a worker, and one that was asked for API 1.50. */
function engineOf(name: string): "manager" | "worker" | "api150" {
  if (name.startsWith("api150-")) return "api150";
  return /^(worker-errors|info-worker|swarm-join|swarm-join-again|swarm-leave-worker)$/.test(name)
    ? "worker"
    : "manager";
}

/** A change in what was there. */
export type Step =
  | { readonly what: "seen"; readonly kind: Kind; readonly object: object }
  | { readonly what: "gone"; readonly kind: Kind; readonly reference: string }
  /** Of this kind there were only these. */
  | { readonly what: "only"; readonly kind: Kind; readonly ids: readonly string[] };

interface Moment {
  readonly transcript: Transcript;
  readonly exchange: Exchange;
}

/** The swarm over the time of its recordings, of which several went on at once. */
export class History {
  readonly #moments: readonly Moment[];

  constructor(transcripts: readonly Transcript[]) {
    this.#moments = transcripts
      .flatMap(transcript => transcript.exchanges.map(exchange => ({ transcript, exchange })))
      .filter(({ exchange }) => exchange.number > 0)
      .sort((left, right) => left.exchange.number - right.exchange.number);
  }

  /** What other recordings of the same engine tell that happened from request `from` until before `exchange`. */
  between(transcript: Transcript, from: number, exchange: Exchange): Step[] {
    return this.#moments
      .filter(
        moment =>
          moment.transcript !== transcript &&
          engineOf(moment.transcript.name) === engineOf(transcript.name) &&
          moment.exchange.number >= from &&
          moment.exchange.number < momentOf(exchange),
      )
      .flatMap(moment => stepsOf(moment.exchange));
  }
}

/** What an exchange shows of the state that it left. */
export function stepsOf(exchange: Exchange): Step[] {
  const steps: Step[] = exchange.given.map(stepOf);
  const observation = observe(exchange);
  if (observation?.complete) {
    steps.push({ what: "only", kind: observation.kind, ids: observation.objects.map(idOf) });
  }
  for (const object of observation?.objects ?? []) {
    if (observation) steps.push({ what: "seen", kind: observation.kind, object });
  }
  const gone = goneAt(exchange);
  if (gone) steps.push({ what: "gone", ...gone });
  const made = madeBy(exchange);
  if (made) steps.push({ what: "seen", ...made });
  return steps;
}

export function stepOf({ kind, object }: Given): Step {
  const [no, gone] = kind.split(" ");
  if (no === "no") return { what: "gone", kind: gone as Kind, reference: String(object) };
  return { what: "seen", kind: kind as Kind, object: object as object };
}

/** Whether a reference in a path means this object. */
export function isMeant(object: { readonly id: string; readonly name: string }, reference: string): boolean {
  return object.id.startsWith(reference) || object.name === reference;
}
