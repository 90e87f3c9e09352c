import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const src = join(root, "src");

/** The rooms by rank: a file imports only from a strictly lower rank or from its own room. */
const RANKS: readonly (readonly string[])[] = [
  ["lib", "wire"],
  ["model", "ports", "compose"],
  ["raft", "store", "pki"],
  ["consensus", "rpc"],
  ["control", "controlapi", "dispatcher", "agent", "network", "ca"],
  ["manager", "worker", "docker-api"],
  ["node"],
  ["platform", "sim"],
  ["cli", "dashboard", "demo"],
  ["bin"],
];

/** Rooms that may import less than their rank allows. */
const NARROWER: Readonly<Record<string, readonly string[]>> = {
  raft: ["lib"],
  wire: [],
  lib: [],
  compose: ["lib"],
  cli: ["lib", "compose"],
  dashboard: ["lib"],
};

/** Time, chance, I/O and environment come in through ports alone. */
const BANNED =
  /(?<!\.)\b(Date\.now|Math\.random|setTimeout|setInterval|process\.(env|on|kill)|AbortSignal\.timeout)\b|new Date\(\)/;
const BANNED_MODULES =
  /^(node:)?(fs|net|http2?|https|tls|dgram|child_process|os|dns|worker_threads|cluster|timers)(\/|$)/;
const DOORS = new Set(["platform", "bin", "cli", "dashboard", "demo"]);
/** Files outside the doors that may use a door's modules, each with its reason. */
const EXEMPT: Readonly<Record<string, string>> = {
  "ports/engine.ts": "names node:http's types for connections that are handed through whole",
};
const EXEMPT_ROOMS: Readonly<Record<string, string>> = {
  "docker-api": "is an HTTP façade: node:http's types and streams are its material",
  rpc: "is the real transport: gRPC over TLS",
};

const longest = 500;

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => !path.includes("/wire/gen/"));
}

/** Third bytes of loopback addresses that a test's daemons have. */
const loopbackBase = /127\.0\.(\d+)\b|\bbase: (\d+)/g;

const rankOf = (room: string): number => RANKS.findIndex(rooms => rooms.includes(room));
const roomOf = (path: string): string => relative(src, path).split("/")[0] ?? "";
const files = filesBelow(src);
const product = files.filter(path => !/\.test(-kit)?\.ts$/.test(path));

function importsOf(text: string): string[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm,
  );
  return [...found].map(match => match[1] ?? match[2] ?? match[3] ?? "");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

describe("the house", () => {
  it("has a rank for every room", () => {
    const rooms = new Set(files.map(roomOf));
    expect([...rooms].filter(room => rankOf(room) < 0)).toEqual([]);
  });

  it("imports only downwards", () => {
    const wrong: string[] = [];
    for (const path of product) {
      const room = roomOf(path);
      for (const target of importsOf(readFileSync(path, "utf8"))) {
        if (!target.startsWith(".")) continue;
        const other = roomOf(resolve(dirname(path), target));
        if (other === room) continue;
        const allowed = NARROWER[room]?.includes(other) ?? rankOf(other) < rankOf(room);
        if (!allowed) wrong.push(`${relative(src, path)} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("touches the world only through ports", () => {
    const wrong: string[] = [];
    for (const path of product) {
      const name = relative(src, path);
      const room = roomOf(path);
      if (DOORS.has(room)) continue;
      const text = readFileSync(path, "utf8");
      const banned = BANNED.exec(withoutComments(text));
      if (banned) wrong.push(`${name} uses ${banned[0]}`);
      if (EXEMPT[name] || EXEMPT_ROOMS[room]) continue;
      for (const target of importsOf(text)) if (BANNED_MODULES.test(target)) wrong.push(`${name} imports ${target}`);
    }
    expect(wrong).toEqual([]);
  });

  it("keeps files short", () => {
    const long = files.map(path => ({
      path: relative(src, path),
      lines: readFileSync(path, "utf8").split("\n").length,
    }));
    expect(long.filter(file => file.lines > longest)).toEqual([]);
  });

  it("gives each test loopback addresses of its own: two run at a time", () => {
    const owners = new Map<string, Set<string>>();
    for (const path of [...files, ...filesBelow(import.meta.dirname)].filter(path => path.endsWith(".test.ts")))
      for (const [, inText, asBase] of readFileSync(path, "utf8").matchAll(loopbackBase)) {
        const base = inText ?? asBase ?? "";
        if (base !== "0") owners.set(base, (owners.get(base) ?? new Set()).add(relative(root, path)));
      }
    const shared = [...owners].filter(([, tests]) => tests.size > 1).map(([base, tests]) => [base, ...tests].join(" "));
    expect(shared).toEqual([]);
  });
});
