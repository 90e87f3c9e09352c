// Generates the protocol's code into a scratch folder and compares it with what is committed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./install.mjs";

const scratch = mkdtempSync(join(tmpdir(), "shoal-gen-"));

function contents(directory) {
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter(entry => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => [
      relative(directory, join(parentPath, name)),
      readFileSync(join(parentPath, name), "utf8"),
    ]),
  );
}

try {
  const bin = join(root, "node_modules", ".bin");
  execFileSync(join(bin, "buf"), ["generate", "--output", scratch], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const wanted = contents(join(scratch, "src", "wire", "gen"));
  const committed = contents(join(root, "src", "wire", "gen"));
  const names = new Set([...wanted.keys(), ...committed.keys()]);
  const drifted = [...names].filter(name => wanted.get(name) !== committed.get(name));
  if (drifted.length > 0) {
    console.error(`src/wire/gen differs from src/wire/proto (npm run generate): ${drifted.join(", ")}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
