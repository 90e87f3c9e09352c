import { onAbort } from "../../lib/bell.ts";
import { stream } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { encodeJson } from "../reply.ts";
import type { Route } from "../route.ts";
import { fromEvent, nanosOf, type SwarmEvent } from "./event.ts";
import type { EventFeed } from "./feed.ts";
import { merge, mergeOrdered } from "./merge.ts";
import { type EventQuery, isWanted, parseEventQuery } from "./query.ts";

const nanosPerMs = 1_000_000n;

/** `/events`: the engine's and the swarm's in one stream. */
export function eventRoutes(feed: EventFeed): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/events",
      handler: context => stream("application/json", lines(context, feed, parseEventQuery(context.query))),
    },
  ];
}

/** One event as it is written, and when it was, for putting two streams in order. */
interface Told {
  readonly nanos: number;
  readonly line: string;
}

async function* lines(context: RouteContext, feed: EventFeed, query: EventQuery): AsyncGenerator<string> {
  const isOver = query.until !== undefined && query.until <= BigInt(context.clock.now()) * nanosPerMs;
  const swarm = toldBySwarm(context, feed, query, isOver);
  const engine = toldByEngine(context);
  const all = isOver ? mergeOrdered(engine, swarm, told => told.nanos) : merge([engine, swarm]);
  for await (const { line } of all) yield line;
}

/** Kept events, then new ones until the time is over or the client gone. */
async function* toldBySwarm(
  context: RouteContext,
  feed: EventFeed,
  query: EventQuery,
  isOver: boolean,
): AsyncGenerator<Told> {
  const wanted = (event: SwarmEvent) =>
    isWanted(event, query.filters) && (query.until === undefined || nanosOf(event) <= query.until);
  // Listening begins before the kept ones are read, and nothing is awaited between: none is missed or told twice.
  const channel = feed.listen();
  const kept = query.since === undefined ? [] : feed.since(query.since).filter(wanted);
  if (isOver) channel.close();
  const stop = onAbort(context.signal, () => channel.close());
  const timer = untilTimer(context, query, () => channel.close());
  try {
    yield* kept.map(toTold);
    for await (const event of channel) if (wanted(event)) yield toTold(event);
  } finally {
    stop();
    timer?.cancel();
  }
}

function untilTimer({ clock }: RouteContext, { until }: EventQuery, run: () => void) {
  if (until === undefined) return undefined;
  return clock.after(Math.max(0, Number(until / nanosPerMs) - clock.now()), run);
}

/** The engine filters by itself; it knows no swarm of ours. Nothing on a node without engine. */
async function* toldByEngine({ engine, query, signal }: RouteContext): AsyncGenerator<Told> {
  if (!(await engine.version()).present) return;
  for await (const event of engine.events(query, signal)) {
    yield { nanos: typeof event.timeNano === "number" ? event.timeNano : 0, line: `${JSON.stringify(event)}\n` };
  }
}

function toTold(event: SwarmEvent): Told {
  return { nanos: Number(nanosOf(event)), line: encodeJson(fromEvent(event)) };
}
