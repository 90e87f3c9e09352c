import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Launcher, type LaunchOrder } from "./launcher.ts";

let directory: string;
let launcher: Launcher;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shoal-launcher-"));
  launcher = new Launcher();
});
afterEach(async () => {
  await launcher.close();
  rmSync(directory, { recursive: true, force: true });
});

const orderOf = (script: string, part: Partial<LaunchOrder> = {}): LaunchOrder => ({
  ...{ program: "/bin/sh", args: ["-c", script], directory, env: { GREETING: "hello" } },
  ...{ out: join(directory, "out"), err: join(directory, "err"), ...part },
});
const launch = (order: LaunchOrder): Promise<string> => new Promise(resolve => launcher.launch(order, resolve));

it("starts a process with its environment, directory and output, and tells how it ended", async () => {
  expect(await launch(orderOf('echo "$GREETING from $PWD"; echo oh >&2; exit 7'))).toBe(
    "the supervisor ended with status 7",
  );
  const [out, err] = ["out", "err"].map(name => readFileSync(join(directory, name), "utf8"));
  expect({ out, err }).toEqual({ out: `hello from ${directory}\n`, err: "oh\n" });
});

it("gives a process a session of its own", async () => {
  await launch(orderOf("read -r pid name state parent group session rest </proc/self/stat; echo $((pid - session))"));
  expect(readFileSync(join(directory, "out"), "utf8")).toBe("0\n");
});

it.each<[string, Partial<LaunchOrder>, RegExp]>([
  ["a program that is not there", { program: "/nowhere/program" }, /spawn \/nowhere\/program ENOENT/],
  ["a directory that is not there", { directory: "/nowhere" }, /ENOENT/],
  ["output that cannot be written", { out: "/nowhere/out" }, /ENOENT.*'\/nowhere\/out'/],
])("tells of %s", async (_, part, expected) => {
  expect(await launch(orderOf("true", part))).toMatch(expected);
});

it("leaves alone what it has started when it is closed, and starts again when it is asked again", async () => {
  launcher.launch(orderOf("echo begun; sleep 0.3; echo over"), () => expect.unreachable("nobody is told after close"));
  await expect.poll(() => readFileSync(join(directory, "out"), { encoding: "utf8", flag: "a+" })).toBe("begun\n");
  await launcher.close();
  await expect.poll(() => readFileSync(join(directory, "out"), "utf8")).toBe("begun\nover\n");
  expect(await launch(orderOf("exit 0"))).toBe("the supervisor ended with status 0");
});
