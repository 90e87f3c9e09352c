import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const program = (body: string): string =>
  `import { Fault } from "${import.meta.dirname}/../lib/fault.ts"; import { processLogger } from "${import.meta.dirname}/log.ts";
   const log = processLogger("info"); ${body}`;

/** The lines that a process with this body logs. */
function logged(body: string): Record<string, unknown>[] {
  const script = ["--import", "tsx", "--input-type=module", "-e", program(body)];
  const lines = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', process.execPath, ...script], { encoding: "utf8" });
  return lines
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
}

it("says what an error was, with a stack where it is a programmer's", () => {
  const [fault, wrapped, bug, text] = logged(`
    log.warn("a", { error: new Fault("unavailable", "no leader") });
    log.with({ loop: "x" }).warn("b", { error: new Fault("unknown", "odd", { cause: new TypeError("undefined is odd") }) });
    log.warn("c", { error: new TypeError("no function") });
    log.warn("d", { error: "words" });`);
  expect(fault).toMatchObject({ msg: "a", error: { code: "unavailable", message: "no leader" } });
  expect(fault).not.toHaveProperty("error.stack");
  expect(wrapped).toMatchObject({ loop: "x", error: { code: "unknown", message: "odd" } });
  expect(wrapped).toHaveProperty("error.stack", expect.stringContaining("undefined is odd"));
  expect(bug).toMatchObject({ error: { message: "no function", stack: expect.stringContaining("TypeError") } });
  expect(text).toMatchObject({ error: "words" });
});
