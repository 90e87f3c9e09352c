import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { toDuration } from "../../model/time.ts";
import { silentLogger } from "../../ports/log.ts";
import { type ContainerInit, type Program, runtimeContract } from "../../ports/runtime.contract.test-kit.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { findIsolation, type Isolation } from "./isolation.ts";
import { embeddedRuntime } from "./runtime.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const shell = (script: string): ContainerInit => ({ image: "shoal/job", args: ["sh", "-c", script] });
const printing = (lines: readonly string[]): string => lines.map(line => `printf '%s\\n' ${quoted(line)};`).join(" ");

function container(program: Program): ContainerInit {
  switch (program.kind) {
    case "runs":
      return { image: "shoal/sleep" };
    case "busy":
      return shell("while :; do :; done");
    case "stubborn":
      return shell("trap '' TERM; while :; do sleep 1; done");
    case "ends":
      return shell(`sleep ${program.afterMs / 1000}; exit ${program.code}`);
    case "prints": {
      const stay = program.stay ? "exec sleep infinity" : "";
      return shell(`${printing(program.stdout)} { ${printing(program.stderr)} :; } >&2; ${stay}`);
    }
    case "checked":
      return {
        image: "shoal/sleep",
        healthcheck: { test: ["CMD", String(program.healthy)], interval: toDuration(50), retries: 1 },
      };
    case "prints-variable":
      return { image: "shoal/job", args: ["printenv", program.variable] };
    case "prints-file":
      // Configs are given by their whole path below a directory of the task's own.
      return shell(
        program.path.startsWith("/run/secrets/")
          ? `cat "$SHOAL_SECRETS_DIR/${program.path.slice("/run/secrets/".length)}"`
          : `cat "$SHOAL_CONFIGS_DIR${program.path}"`,
      );
    case "no-image":
      return { image: "nowhere/nothing" };
    case "no-program":
      return { image: "shoal/job", args: ["no-such-program"] };
    default:
      return program satisfies never;
  }
}

function contract(isolation: Isolation): void {
  runtimeContract(`embedded, ${isolation}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "shoal-runtime-"));
    return {
      open: nodeId =>
        embeddedRuntime({
          directory,
          nodeId,
          hostname: "here",
          version: "1.2.3",
          advertiseAddress: () => "127.0.0.1",
          clock: systemClock,
          random: systemRandom,
          log: silentLogger,
          labels: {},
          genericResources: [],
          isolation,
        }),
      container,
      until: work => work,
      now: () => Date.now(),
      delivers: true,
      close: () => rm(directory, { recursive: true, force: true }),
    };
  });
}

contract("session");
if ((await findIsolation()) === "namespaces") contract("namespaces");
else describe("the runtime contract: embedded, namespaces", () => it.skip("needs root and unshare"));
