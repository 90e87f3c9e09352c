import { History, momentOf } from "./history.ts";
import { type Exchange, loadTranscripts, type Transcript } from "./transcript.ts";
import { titleOf, verdict } from "./verdict.ts";
import { World } from "./world.ts";

/** How one recorded request went here. */
export interface Outcome {
  readonly transcript: string;
  readonly method: string;
  /** Method and path without version and ids. */
  readonly title: string;
  readonly url: string;
  /** Left to the engine, as Docker's own part answered it. */
  readonly handedThrough: boolean;
  readonly differences: readonly string[];
}

/** Sends every recorded request to the façade, in the state that Docker was in. */
export async function replayAll(): Promise<Outcome[]> {
  const transcripts = loadTranscripts();
  const history = new History(transcripts);
  const outcomes: Outcome[] = [];
  await using world = await World.start();
  for (const transcript of transcripts) outcomes.push(...(await replay(world, history, transcript)));
  return outcomes;
}

async function replay(world: World, history: History, transcript: Transcript): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  world.reset();
  let number = 0;
  for (const exchange of transcript.exchanges.filter(({ url }) => !url.includes("/events"))) {
    await world.apply(history.between(transcript, number, exchange));
    number = momentOf(exchange);
    await world.prepare(transcript, exchange);
    outcomes.push(await send(world, transcript, exchange));
    if (exchange.method === "DELETE" && exchange.status < 300) await world.endTasks();
  }
  return outcomes;
}

async function send(world: World, transcript: Transcript, exchange: Exchange): Promise<Outcome> {
  const type: Record<string, string> = exchange.body === undefined ? {} : { "Content-Type": "application/json" };
  const headers = { ...type, ...exchange.headers };
  const ours = await world.api.call(exchange.method, world.urlOf(exchange), exchange.body, headers);
  const handedThrough = world.api.engine.handedThrough.length > 0;
  return {
    transcript: transcript.name,
    method: exchange.method,
    title: titleOf(exchange),
    url: exchange.url,
    handedThrough,
    differences: handedThrough ? [] : verdict(exchange, ours),
  };
}
