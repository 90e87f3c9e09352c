import { Fault } from "../../lib/fault.ts";
import type { EngineClient } from "./client.ts";
import { nodeIdLabel, taskIdLabel } from "./labels.ts";
import type { ContainerAnswer, ContainerCreate, ContainerSummary } from "./types.ts";

/** How much longer than the grace period a stop may take, in milliseconds: the engine kills and cleans up after it. */
const stopMarginMs = 60_000;

/** The engine's containers that belong to this node, found by task. */
export class Containers {
  readonly #client: EngineClient;
  readonly #nodeId: string;
  /** Task → container, as far as known: saves the engine a search. */
  readonly #ids = new Map<string, string>();

  constructor(client: EngineClient, nodeId: string) {
    this.#client = client;
    this.#nodeId = nodeId;
  }

  /** Whether this process has seen the task's container. */
  knows(taskId: string): boolean {
    return this.#ids.has(taskId);
  }

  /** All of this node's. */
  async list(): Promise<ContainerAnswer[]> {
    const found = await this.#search([]);
    const answers = await Promise.all(found.map(container => this.#answer(container.Id)));
    const here = answers.filter(answer => answer !== undefined);
    for (const answer of here) this.#ids.set(answer.Config.Labels?.[taskIdLabel] ?? "", answer.Id);
    return here;
  }

  /** The task's container as it is now; undefined when there is none. */
  async inspect(taskId: string): Promise<ContainerAnswer | undefined> {
    const id = await this.find(taskId);
    const answer = id === undefined ? undefined : await this.#answer(id);
    if (!answer) this.#ids.delete(taskId);
    return answer;
  }

  /** The id of the task's container; one that is remembered may be gone by now. */
  async find(taskId: string): Promise<string | undefined> {
    const known = this.#ids.get(taskId);
    if (known !== undefined) return known;
    const [found] = await this.#search([`${taskIdLabel}=${taskId}`]);
    if (found) this.#ids.set(taskId, found.Id);
    return found?.Id;
  }

  /** Creates the task's container. Faults already_exists, not_found (no such image), invalid_argument. */
  async create(taskId: string, name: string, config: ContainerCreate): Promise<string> {
    const answer = await this.#client.json("POST", "/containers/create", { query: { name }, body: config });
    const { Id } = answer as { Id: string };
    this.#ids.set(taskId, Id);
    return Id;
  }

  async start(id: string): Promise<void> {
    await this.#client.json("POST", `/containers/${id}/start`);
  }

  /** Resolves when the container has exited, also when it had before. */
  async stop(id: string, graceSeconds: number): Promise<void> {
    const timeoutMs = graceSeconds * 1000 + stopMarginMs;
    const query = { t: String(graceSeconds) };
    await ignoreMissing(this.#client.json("POST", `/containers/${id}/stop`, { query, timeoutMs }));
  }

  /** Resolves when the container and its unnamed volumes are gone. */
  async remove(taskId: string, id: string): Promise<void> {
    try {
      await this.#client.json("DELETE", `/containers/${id}`, { query: { force: "true", v: "true" } });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "failed_precondition" && error.message.includes("already in progress")) {
        const query = { condition: "removed" };
        await ignoreMissing(this.#client.json("POST", `/containers/${id}/wait`, { query }));
      } else if (error.code !== "not_found") throw error;
    }
    this.#ids.delete(taskId);
  }

  async #search(labels: readonly string[]): Promise<ContainerSummary[]> {
    const filters = { label: [`${nodeIdLabel}=${this.#nodeId}`, ...labels] };
    const query = { all: "true", filters: JSON.stringify(filters) };
    return (await this.#client.json("GET", "/containers/json", { query })) as ContainerSummary[];
  }

  async #answer(id: string): Promise<ContainerAnswer | undefined> {
    const answer = await ignoreMissing(this.#client.json("GET", `/containers/${id}/json`));
    return answer as ContainerAnswer | undefined;
  }
}

/** What is gone already is what was wanted. */
async function ignoreMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}
