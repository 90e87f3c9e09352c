import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const directory = join(import.meta.dirname, "../fixtures/transcripts");

/** One recorded request and its answer. */
export interface Exchange {
  /** Of the request in its recording; 0 for single requests. */
  readonly number: number;
  /** What came about before it without a recorded request. */
  readonly given: readonly Given[];
  readonly command: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly status: number;
  readonly contentType: string;
  readonly answerHeaders: Readonly<Record<string, string>>;
  /** Undefined when it was not kept. */
  readonly answer: string | undefined;
}

/** `kind` is that of an object that was there although no request made it; "no service" of one that was gone, by name. */
export interface Given {
  readonly kind: string;
  readonly object: unknown;
}

/** One file of recorded requests. */
export interface Transcript {
  readonly name: string;
  readonly exchanges: readonly Exchange[];
}

export function loadTranscripts(): Transcript[] {
  return readdirSync(directory)
    .filter(name => name.endsWith(".http"))
    .sort()
    .map(name => parseTranscript(basename(name, ".http"), readFileSync(join(directory, name), "utf8")));
}

type Draft = { -readonly [K in keyof Exchange]: Exchange[K] };

/** Reads the form that the directory's README describes. Throws on a line it does not understand. */
export function parseTranscript(name: string, text: string): Transcript {
  let given: Given[] = [];
  const exchanges: Draft[] = [];
  let command = "";
  let takesBody: ((line: string) => void) | undefined;
  for (const line of text.split("\n").filter(entry => entry !== "")) {
    const last = exchanges.at(-1);
    const [mark, rest] = [line.slice(0, 2), line.slice(2)];
    const header = /^([a-z-]+): (.*)$/.exec(rest);
    if (mark === "$ ") command = rest;
    else if (mark === "! ") takesBody = body => given.push({ kind: rest, object: JSON.parse(body) });
    else if (mark === "> " && header?.[1] && last) last.headers = { ...last.headers, [header[1]]: header[2] ?? "" };
    else if (mark === "> ") {
      const exchange = newExchange(command, rest, given);
      exchanges.push(exchange);
      given = [];
      takesBody = body => {
        exchange.body = expand(body);
      };
    } else if (mark === "< " && header?.[1] && last) {
      last.answerHeaders = { ...last.answerHeaders, [header[1]]: header[2] ?? "" };
    } else if (mark === "< " && last) {
      const [status = "", ...type] = rest.split(" ");
      last.status = Number(status);
      last.contentType = type.join(" ");
      takesBody = body => {
        last.answer = body === "…" ? undefined : last.answer ? `${last.answer}\n${body}` : body;
      };
    } else if (takesBody) takesBody(line);
    else throw new SyntaxError(`${name}: a body without a request: ${line.slice(0, 80)}`);
  }
  return { name, exchanges };
}

function newExchange(command: string, line: string, given: readonly Given[]): Draft {
  const [number = "", method = "", url = ""] = line.split(" ");
  if (!/^(-|\d+)$/.test(number) || !url.startsWith("/")) throw new SyntaxError(`no request: ${line}`);
  return {
    number: number === "-" ? 0 : Number(number),
    given,
    command,
    method,
    url,
    headers: {},
    body: undefined,
    status: 0,
    contentType: "",
    answerHeaders: {},
    answer: "",
  };
}

/** `"A×683000"` → a string of so many As. */
function expand(body: string): string {
  return body.replace(/"(.)×(\d+)"/g, (_whole, letter: string, count: string) => `"${letter.repeat(Number(count))}"`);
}
