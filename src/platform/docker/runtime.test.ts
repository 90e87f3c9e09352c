import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { type Dockerd, startDockerd } from "../../../test/lab/dockerd.ts";
import { dockerUnavailableReason } from "../../../test/lab/requirements.ts";
import { toDuration } from "../../model/time.ts";
import { silentLogger } from "../../ports/log.ts";
import {
  type ContainerInit,
  type Program,
  type RuntimeHarness,
  runtimeContract,
} from "../../ports/runtime.contract.test-kit.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { DockerRuntime } from "./runtime.ts";

const quote = (text: string): string => `'${text}'`;
const shell = (script: string): ContainerInit => ({ image: "busybox", command: ["sh", "-c", script] });
const wait = "while :; do sleep 1000 & wait $!; done";
const untilStopped = `trap 'exit 0' TERM; ${wait}`;

function container(program: Program): ContainerInit {
  switch (program.kind) {
    case "runs":
      return shell(untilStopped);
    case "busy":
      return shell("trap 'exit 0' TERM; while :; do :; done");
    case "stubborn":
      return shell(`trap '' TERM; ${wait}`);
    case "ends":
      return shell(`sleep ${program.afterMs / 1000}; exit ${program.code}`);
    case "prints": {
      const out = program.stdout.map(line => `echo ${quote(line)}`);
      const err = program.stderr.map(line => `echo ${quote(line)} >&2`);
      return shell([...out, ...err, program.stay ? untilStopped : "exit 0"].join("\n"));
    }
    case "checked": {
      const test = ["CMD-SHELL", program.healthy ? "true" : "false"];
      return { ...shell(untilStopped), healthcheck: { test, interval: toDuration(100), retries: 1 } };
    }
    case "prints-variable":
      return shell(`echo "$${program.variable}"`);
    case "prints-file":
      return shell(`cat ${program.path}`);
    case "no-image":
      return { image: "nowhere/nothing:1" };
    case "no-program":
      return { image: "busybox", command: ["/no/such/program"] };
    default:
      program satisfies never;
      return {};
  }
}

async function makeHarness(): Promise<RuntimeHarness> {
  const name = `shoal-rt-${randomUUID().slice(0, 8)}`;
  const files = `/dev/shm/${name}`;
  const dockerd: Dockerd = await startDockerd({ dir: join(tmpdir(), name) });
  return {
    open: async nodeId =>
      new DockerRuntime({
        endpoint: `unix://${dockerd.socket}`,
        nodeId,
        labels: {},
        genericResources: [],
        fileRoots: [files],
        clock: systemClock,
        random: systemRandom,
        log: silentLogger,
      }),
    container,
    until: work => work,
    now: () => performance.now(),
    delivers: true,
    close: async () => {
      await dockerd.close();
      await rm(files, { recursive: true, force: true });
    },
  };
}

const reason = dockerUnavailableReason();
describe.skipIf(reason !== undefined)(`on a real Docker Engine${reason ? ` (skipped: ${reason})` : ""}`, () => {
  runtimeContract("docker", makeHarness);
});
