import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defined } from "../../src/lib/assert.ts";
import { TestSwarm } from "../../src/rpc/identities.test-kit.ts";
import type { Load } from "./load.ts";
import type { Order, Start } from "./quorum-member.ts";

/** As `bin/shoald` runs. */
const nodeFlags = ["--max-semi-space-size=32", "--import", "tsx/esm"];
const program = fileURLToPath(new URL("quorum-member.ts", import.meta.url));

/** Members of one quorum, a process each on a loopback address of its own; the first leads. */
export class QuorumProcesses {
  readonly #children: readonly ChildProcess[];
  readonly #directory: string;

  private constructor(children: readonly ChildProcess[], directory: string) {
    this.#children = children;
    this.#directory = directory;
  }

  /** `base` is the third byte of the addresses 127.0.BASE.n. */
  static async start(count: number, base: number): Promise<QuorumProcesses> {
    const directory = mkdtempSync(join(tmpdir(), "shoal-quorum-"));
    const children = Array.from({ length: count }, () =>
      fork(program, [], { execArgv: nodeFlags, serialization: "advanced" }),
    );
    const processes = new QuorumProcesses(children, directory);
    const swarm = await TestSwarm.create();
    for (const at of children.keys()) {
      const nodeId = `member${at}`;
      const address = `127.0.${base}.${at + 1}:2377`;
      const joining = at === 0 ? undefined : await processes.#ask(0, { order: "admit", nodeId, address });
      const credentials = await swarm.credentials(nodeId, "manager");
      const start = { directory: join(directory, nodeId), address, credentials, joining: joining as Start["joining"] };
      await processes.#ask(at, { order: "start", start });
    }
    return processes;
  }

  /** Writers in the leader's own process, as its API and its control loops are. */
  async load(writers: number, durationMs: number, bytes: number): Promise<Load> {
    return (await this.#ask(0, { order: "load", writers, durationMs, bytes })) as Load;
  }

  /** Removes what was written. */
  async clear(): Promise<void> {
    await this.#ask(0, { order: "clear" });
  }

  dispose(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #ask(at: number, order: Order): Promise<unknown> {
    const child = defined(this.#children[at], "a member");
    child.send(order);
    const over = new AbortController();
    const { signal } = over;
    try {
      const [message] = await Promise.race([
        once(child, "message", { signal }),
        once(child, "exit", { signal }).then(() => Promise.reject(new Error(`member ${at} has ended`))),
      ]);
      return (message as { answer: unknown }).answer;
    } finally {
      over.abort();
    }
  }
}
