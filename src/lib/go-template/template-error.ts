import { Fault } from "../fault.ts";

/** Where in a template's source something is, for messages: Go counts lines from 1 and bytes of a line from 0. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeOf(source: string, position: number): Place {
  const before = source.slice(0, position);
  return { line: before.split("\n").length, column: position - (before.lastIndexOf("\n") + 1) };
}

/** A text that is no template. Go's parser says the line alone. */
export function syntaxError(name: string, source: string, position: number, reason: string): Fault {
  return new Fault("invalid_argument", `template: ${name}:${placeOf(source, position).line}: ${reason}`);
}

/** What Go's templates can and these cannot. */
export function unsupported(name: string, source: string, position: number, what: string): Fault {
  const { line, column } = placeOf(source, position);
  return new Fault("invalid_argument", `template: ${name}:${line}:${column}: ${what} is not supported`);
}
