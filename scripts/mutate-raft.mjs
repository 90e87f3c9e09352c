// npm run mutate -- [words…]: makes each mistake of raft-mutations.txt (or those whose name has one of the words) in a copy of the
// raft core, and says what notices: which table tests, and whether the soak does within SHOAL_SEEDS seeds. Exits with 1 when nothing does.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { root } from "./install.mjs";

/** A mistake may make the core loop; then it counts as noticed. */
const limitMs = 120_000;
const seeds = process.env.SHOAL_SEEDS ?? "300";
const words = process.argv.slice(2);

/** Paragraphs: a name, then lines of `file - old | + new`. */
function readMutations() {
  const [, ...paragraphs] = readFileSync(join(root, "scripts", "raft-mutations.txt"), "utf8")
    .trim()
    .split("\n\n");
  return paragraphs.map(paragraph => {
    const [name, ...lines] = paragraph.split("\n");
    const edits = lines.map(line => {
      const [, file, before, after] = /^(\S+) - (.*) \| \+ ?(.*)$/.exec(line) ?? [];
      if (file === undefined) throw new Error(`Cannot read the mutation "${name}": ${line}`);
      return { file, before: before.replaceAll("\\n", "\n"), after };
    });
    return { name, edits };
  });
}

/** The changed files of the core. Throws when the core is not what the mutation was written for. */
function mutated({ name, edits }) {
  return edits.map(({ file, before, after }) => {
    const text = readFileSync(join(root, "src", "raft", file), "utf8");
    if (text.split(before).length !== 2) throw new Error(`Cannot mutate "${name}": ${file} has not once: ${before}`);
    return { file, text: text.replace(before, () => after) };
  });
}

/** The test files that fail; "endless" when it never ends. */
function failing(directory, ...filters) {
  const vitest = join(root, "node_modules", ".bin", "vitest");
  const args = ["run", "--root", directory, "--reporter=json", "--maxWorkers=1", ...filters];
  const env = { ...process.env, SHOAL_SEEDS: seeds };
  const { stdout, error } = spawnSync(vitest, args, { env, timeout: limitMs, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (error) return ["endless"];
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf("{")));
  if (testResults.length === 0) throw new Error("No tests were run");
  return testResults.filter(({ status }) => status !== "passed").map(({ name }) => basename(name, ".test.ts"));
}

function tryOut(mutation) {
  const directory = mkdtempSync(join(tmpdir(), "shoal-mutant-"));
  try {
    mkdirSync(join(directory, "src"));
    for (const room of ["raft", "lib"])
      cpSync(join(root, "src", room), join(directory, "src", room), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    writeFileSync(join(directory, "package.json"), '{"type":"module"}');
    for (const { file, text } of mutated(mutation)) writeFileSync(join(directory, "src", "raft", file), text);
    return {
      tables: failing(directory, "src/raft", "--exclude", "**/soak.test.ts"),
      soak: failing(directory, "src/raft/soak.test.ts"),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const wanted = readMutations().filter(({ name }) => words.length === 0 || words.some(word => name.includes(word)));
const unnoticed = [];
for (const mutation of wanted) mutated(mutation);
for (const mutation of wanted) {
  const { tables, soak } = tryOut(mutation);
  if (tables.length + soak.length === 0) unnoticed.push(mutation.name);
  console.log(`${mutation.name}: ${tables.join(" ") || "no table"}; ${soak.length > 0 ? "soak" : "no soak"}`);
}
console.log(`${wanted.length - unnoticed.length} of ${wanted.length} noticed`);
if (unnoticed.length > 0) process.exitCode = 1;
