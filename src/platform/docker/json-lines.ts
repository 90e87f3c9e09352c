import type { Readable } from "node:stream";
import { Fault } from "../../lib/fault.ts";

/** Longest line that is read, in characters: an engine's events and progress lines are below 100 kB. */
const longestLine = 4 << 20;

/** The JSON values of a stream that has one a line, as they come. The stream is destroyed when the reader leaves. */
export async function* jsonLines(stream: Readable): AsyncGenerator<unknown, void> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine)
      throw new Fault("resource_exhausted", "The Docker Engine sent a line without an end");
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as unknown;
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as unknown;
}
