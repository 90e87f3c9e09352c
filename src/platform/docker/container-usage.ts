import { readFile } from "node:fs/promises";
import { Fault } from "../../lib/fault.ts";
import { Gate } from "../../lib/gate.ts";
import type { MeasuredTask } from "../../ports/runtime.ts";
import type { EngineClient } from "./client.ts";
import { type ControlGroup, controlGroup, groupUsage } from "./control-group.ts";
import { nodeIdLabel, taskIdLabel } from "./labels.ts";
import type { ContainerAnswer, ContainerStats, ContainerSummary } from "./types.ts";

/** Containers that the engine is asked about at a time, where their control groups cannot be read. */
const askedAtOnce = 4;
const nanosPerSecond = 1e9;

/**
 * Measures a node's containers. One call a time for the list of what runs, one for each that is new, and then files of
 * the kernel's; where those are another machine's, the engine is asked for each container's figures.
 */
export class ContainerUsage {
  readonly #client: Pick<EngineClient, "json">;
  readonly #nodeId: string;
  /** By container id; undefined where it cannot be read from here. */
  #groups = new Map<string, ControlGroup | undefined>();
  readonly #gate = new Gate(askedAtOnce);

  constructor(client: Pick<EngineClient, "json">, nodeId: string) {
    this.#client = client;
    this.#nodeId = nodeId;
  }

  async measure(): Promise<MeasuredTask[]> {
    const filters = JSON.stringify({ label: [`${nodeIdLabel}=${this.#nodeId}`], status: ["running", "paused"] });
    const listed = (await this.#client.json("GET", "/containers/json", { query: { filters } })) as ContainerSummary[];
    const ids = new Set(listed.map(container => container.Id));
    this.#groups = new Map([...this.#groups].filter(([id]) => ids.has(id)));
    const measured = await Promise.all(listed.map(container => this.#measure(container)));
    return measured.filter(task => task !== undefined);
  }

  /** Undefined when it has ended meanwhile. */
  async #measure({ Id, Labels }: ContainerSummary): Promise<MeasuredTask | undefined> {
    try {
      if (!this.#groups.has(Id)) this.#groups.set(Id, await this.#gate.run(() => this.#find(Id)));
      const group = this.#groups.get(Id);
      const usage = group ? await groupUsage(group) : await this.#gate.run(() => this.#ask(Id));
      return usage && { taskId: Labels?.[taskIdLabel] ?? "", ...usage };
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return undefined;
      throw error;
    }
  }

  async #find(id: string): Promise<ControlGroup | undefined> {
    const { State } = (await this.#client.json("GET", `/containers/${id}/json`)) as ContainerAnswer;
    const group = controlGroup(await readFile(`/proc/${State.Pid}/cgroup`, "utf8").catch(() => ""), id);
    return group && ((await groupUsage(group)) === undefined ? undefined : group);
  }

  async #ask(id: string): Promise<Omit<MeasuredTask, "taskId">> {
    const query = { stream: "false", "one-shot": "true" };
    const answer = (await this.#client.json("GET", `/containers/${id}/stats`, { query })) as ContainerStats;
    const { cpu_stats: cpu, memory_stats: memory } = answer;
    const inactive = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
    return {
      cpuSeconds: cpu.cpu_usage.total_usage / nanosPerSecond,
      memoryBytes: memory.usage === undefined ? undefined : Math.max(0, memory.usage - inactive),
    };
  }
}
