import { Fault } from "../../lib/fault.ts";
import type { EngineClient } from "./client.ts";
import { nodeIdLabel, taskIdLabel } from "./labels.ts";
import type { ContainerAnswer, ContainerCreate, ContainerSummary, EndpointSettings } from "./types.ts";

/** How much longer than the grace period a stop may take, in milliseconds: the engine kills and cleans up after it. */
const stopMarginMs = 60_000;

/** The engine's containers that belong to this node, found by task. */
export class Containers {
  readonly #client: Pick<EngineClient, "json">;
  readonly #nodeId: string;
  /** Task → container, as far as known: saves the engine a search through all it has. */
  readonly #ids = new Map<string, string>();
  /** Whether all were listed: what came after that was made here. */
  #listed = false;
  /** Tasks whose container was asked for without a yes: it may be there or still come. */
  readonly #doubtful = new Set<string>();
  /** Containers that were made here and never told to start. */
  readonly #unstarted = new Set<string>();

  constructor(client: Pick<EngineClient, "json">, nodeId: string) {
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
    this.#listed = true;
    return here;
  }

  /** The task's container as it is now; undefined when there is none. */
  async inspect(taskId: string): Promise<ContainerAnswer | undefined> {
    const id = await this.find(taskId);
    const answer = id === undefined ? undefined : await this.#answer(id);
    if (!answer) this.#forget(taskId);
    return answer;
  }

  /** The id of the task's container; one that is remembered may be gone by now. */
  async find(taskId: string): Promise<string | undefined> {
    const known = this.#ids.get(taskId);
    if (known !== undefined || (this.#listed && !this.#doubtful.has(taskId))) return known;
    const [found] = await this.#search([`${taskIdLabel}=${taskId}`]);
    if (found) this.#ids.set(taskId, found.Id);
    return found?.Id;
  }

  /** The id of the task's container if it was made here and not told to start yet: then there is no need to look. */
  unstarted(taskId: string): string | undefined {
    const id = this.#ids.get(taskId);
    return id !== undefined && this.#unstarted.has(id) ? id : undefined;
  }

  /** Creates the task's container. Faults already_exists, not_found (no such image), invalid_argument. */
  async create(taskId: string, name: string, config: ContainerCreate): Promise<string> {
    this.#doubtful.add(taskId);
    const answer = await this.#client.json("POST", "/containers/create", { query: { name }, body: config });
    const { Id } = answer as { Id: string };
    this.#doubtful.delete(taskId);
    this.#ids.set(taskId, Id);
    this.#unstarted.add(Id);
    return Id;
  }

  /** Gives a container one more network; no error when it is on it already. */
  async connect(id: string, network: string, settings: EndpointSettings): Promise<void> {
    const body = { Container: id, EndpointConfig: settings };
    try {
      await this.#client.json("POST", `/networks/${encodeURIComponent(network)}/connect`, { body });
    } catch (error) {
      if (!(error instanceof Fault) || !/already (exists|attached)/.test(error.message)) throw error;
    }
  }

  async start(id: string): Promise<void> {
    this.#unstarted.delete(id);
    await this.#client.json("POST", `/containers/${id}/start`);
  }

  /** Resolves when the container has exited, also when it had before. */
  async stop(id: string, graceSeconds: number): Promise<void> {
    const timeoutMs = graceSeconds * 1000 + stopMarginMs;
    const query = { t: String(graceSeconds) };
    await ignoreMissing(this.#client.json("POST", `/containers/${id}/stop`, { query, timeoutMs }));
  }

  /** Resolves when the task's container and its unnamed volumes are gone. */
  async remove(taskId: string): Promise<void> {
    const id = await this.find(taskId);
    if (id !== undefined) await this.#remove(id);
    this.#forget(taskId);
    this.#doubtful.delete(taskId);
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.#client.json("DELETE", `/containers/${id}`, { query: { force: "true", v: "true" } });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "failed_precondition" && error.message.includes("already in progress")) {
        const query = { condition: "removed" };
        await ignoreMissing(this.#client.json("POST", `/containers/${id}/wait`, { query }));
      } else if (error.code !== "not_found") throw error;
    }
  }

  #forget(taskId: string): void {
    this.#unstarted.delete(this.#ids.get(taskId) ?? "");
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
