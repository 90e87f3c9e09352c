import { InterpolationError, interpolate, type Lookup } from "./interpolation.ts";
import { ComposeError } from "./tree.ts";

const assignment = /^(?:export[ \t]+)?([^\s=:#'"]+)[ \t]*(?:=[ \t]*|:[ \t]+)?/;
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  f: "\f",
  b: "\b",
  v: "\v",
  '"': '"',
  "\\": "\\",
};

/**
 * Variables of an env file as Compose reads it: `K=V`, `export K=V`, comments, 'texts as they are', "texts with \n and
 * ${VARIABLES}", quoted ones over several lines. A name alone has no value (null). Variables within values come from the
 * file's earlier lines and from `lookup`, which goes first.
 */
export function parseEnvFile(text: string, file: string, lookup: Lookup): Map<string, string | null> {
  const values = new Map<string, string | null>();
  const known: Lookup = name => lookup(name) ?? values.get(name) ?? undefined;
  const source = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  let at = 0;
  while (at < source.length) {
    const line = source.slice(0, at).split("\n").length;
    const fail = (reason: string): ComposeError => new ComposeError({ file, line }, reason);
    const end = endOfLine(source, at);
    const whole = source.slice(at, end);
    const indent = whole.length - whole.trimStart().length;
    if (/^\s*(#|$)/.test(whole)) {
      at = end + 1;
      continue;
    }
    const [matched, name = ""] = assignment.exec(whole.trimStart()) ?? [];
    if (matched === undefined) throw fail(`${JSON.stringify(whole.trim())} is not NAME=VALUE`);
    if (!/[=:]\s*$/.test(matched)) {
      if (whole.trim().replace(/\s+#.*$/, "") !== matched.trim())
        throw fail(`${JSON.stringify(whole.trim())} is not NAME=VALUE`);
      values.set(name, null);
      at = end + 1;
      continue;
    }
    try {
      const read = valueAt(source, at + indent + matched.length, known);
      values.set(name, read.value);
      at = read.end + 1;
    } catch (error) {
      if (error instanceof InterpolationError) throw fail(error.message);
      throw error;
    }
  }
  return values;
}

/** Lines of `K=V` taken as they are, quotes and all (`format: raw`, and docker's own `--env-file`). */
export function parseRawEnvFile(text: string): Map<string, string | null> {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map(line => line.trimStart());
  const set = lines.filter(line => line !== "" && !line.startsWith("#"));
  return new Map(
    set.map(line => {
      const at = line.indexOf("=");
      return at < 0 ? [line.trim(), null] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

function valueAt(source: string, start: number, lookup: Lookup): { value: string; end: number } {
  const quote = source[start];
  const expand = (text: string): string => interpolate(text, { lookup, unset: () => {} });
  if (quote !== "'" && quote !== '"') {
    const end = endOfLine(source, start);
    const text = source
      .slice(start, end)
      .replace(/(^|\s+)#.*$/, "")
      .trimEnd();
    return { value: expand(text), end };
  }
  const close = closing(source, start);
  const inner = source.slice(start + 1, close);
  const end = endOfLine(source, close);
  const rest = source.slice(close + 1, end);
  if (!/^\s*(#.*)?$/.test(rest)) throw new InterpolationError(`${JSON.stringify(rest)} follows a quoted value`);
  return { value: quote === "'" ? inner.replaceAll("\\'", "'") : expand(unescaped(inner)), end };
}

function closing(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === source[start]) return at;
  }
  throw new InterpolationError("a quoted value is not closed");
}

function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (all, char: string) => (char === "$" ? "$$" : (escapes[char] ?? all)));
}

function endOfLine(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end < 0 ? source.length : end;
}
