import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type ScalarTag,
} from "yaml";
import { ProjectError } from "./project-error.ts";
import { ComposeError, dict, leaf, list, type Mark, type Place, type Scalar, type Tree } from "./tree.ts";

/** Nodes that aliases may multiply one file into: a bomb makes billions. */
const mostNodes = 100_000;
/** Lists and maps within each other. */
const deepest = 100;

/** YAML 1.1's octal, which file modes are written in: `mode: 0440`. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^0[0-7]+$/,
  resolve: text => Number.parseInt(text, 8),
};

/** Reads YAML 1.2 with merge keys (`<<`). Errors name the file and the line. */
export function parseYaml(text: string, file: string): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    merge: true,
    lineCounter: lines,
    // Before YAML 1.2's own numbers, for which a zero at the front means nothing.
    customTags: tags => [octal, ...tags],
  });
  const [error] = document.errors;
  if (error) throw new ComposeError({ file, line: error.linePos?.[0].line ?? 1 }, firstLine(error.message));
  if (!document.contents) throw new ProjectError(`${file} is empty`);
  return new Reader(file, lines, document).tree(document.contents, { file, line: 1 });
}

const firstLine = (message: string): string => message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? message;

class Reader {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: ReturnType<typeof parseDocument>;
  /** Looking for an anchor goes through the whole document. */
  readonly #targets = new Map<Alias, Node>();
  #nodes = 0;
  #depth = 0;

  constructor(file: string, lines: LineCounter, document: ReturnType<typeof parseDocument>) {
    this.#file = file;
    this.#lines = lines;
    this.#document = document;
  }

  /** `near` is where to say it is when the node itself is nowhere, as one without a value. */
  tree(node: unknown, near: Place): Tree {
    const place = this.#placeOf(node, near);
    this.#nodes += 1;
    if (this.#nodes > mostNodes) throw new ComposeError(place, `the file has more than ${mostNodes} values`);
    this.#depth += 1;
    if (this.#depth > deepest) throw new ComposeError(place, `nested more than ${deepest} levels deep`);
    try {
      return this.#tree(node, place);
    } finally {
      this.#depth -= 1;
    }
  }

  #tree(node: unknown, place: Place): Tree {
    if (isAlias(node)) {
      const target = this.#targets.get(node) ?? node.resolve(this.#document);
      if (!target) throw new ComposeError(place, `there is no anchor "${node.source}"`);
      this.#targets.set(node, target);
      return this.tree(target, place);
    }
    const mark = isMap(node) || isSeq(node) || isScalar(node) ? this.#mark(node.tag, place) : undefined;
    if (isMap(node)) return { ...this.#dict(node.items, place), mark };
    if (isSeq(node))
      return {
        ...list(
          node.items.map(item => this.tree(item, place)),
          place,
        ),
        mark,
      };
    return { ...leaf(isScalar(node) ? this.#scalar(node.value, place) : null, place), mark };
  }

  #dict(pairs: readonly { key: unknown; value: unknown }[], place: Place): Tree {
    const own = new Map<string, Tree>();
    const merged = new Map<string, Tree>();
    for (const { key, value } of pairs) {
      const at = this.#placeOf(key, place);
      const name = isScalar(key) ? String(key.value) : undefined;
      if (name === undefined) throw new ComposeError(at, "a key must be a plain word");
      if (isScalar(key) && (typeof key.value === "symbol" || (name === "<<" && key.type === "PLAIN"))) {
        for (const [inherited, tree] of this.#inherited(value, at))
          if (!merged.has(inherited)) merged.set(inherited, tree);
      } else own.set(name, this.tree(value, at));
    }
    return dict([...[...merged].filter(([key]) => !own.has(key)), ...own], place);
  }

  /** What `<<: *a` or `<<: [*a, *b]` brings; the first one wins. */
  *#inherited(value: unknown, place: Place): Generator<readonly [string, Tree]> {
    const source = this.tree(value, place);
    for (const one of source.kind === "list" ? source.items : [source]) {
      if (one.kind !== "dict") throw new ComposeError(place, '"<<" takes a mapping, or a list of them');
      yield* one.entries;
    }
  }

  #mark(tag: string | undefined, place: Place): Mark | undefined {
    if (tag === "!reset") return "reset";
    if (tag === "!override") return "override";
    if (tag?.startsWith("!")) throw new ComposeError(place, `unknown tag "${tag}": there are !reset and !override`);
    return undefined;
  }

  #scalar(value: unknown, place: Place): Scalar {
    if (value === null || value === undefined) return null;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
    throw new ComposeError(place, `${String(value)} is no value that a Compose file can have`);
  }

  #placeOf(node: unknown, near: Place): Place {
    const range = isNodeWithRange(node) ? node.range : undefined;
    return range ? { file: this.#file, line: this.#lines.linePos(range[0]).line } : near;
  }
}

function isNodeWithRange(node: unknown): node is Node {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node);
}
