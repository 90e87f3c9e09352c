import { beforeEach, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { Containers } from "./containers.ts";
import { taskIdLabel } from "./labels.ts";
import type { ContainerCreate } from "./types.ts";

/** An engine that has containers by task, and notes what it is asked. */
class FakeEngine {
  readonly asked: string[] = [];
  readonly containers = new Map<string, string>();
  /** What the next create ends with, after (or instead of) making the container. */
  createFault: Fault | undefined;

  async json(method: string, path: string, options: { query?: Readonly<Record<string, string>> } = {}) {
    this.asked.push(`${method} ${path}`);
    if (path === "/containers/json") return this.#search(options.query?.filters ?? "");
    if (path === "/containers/create") return this.#create(options.query?.name ?? "");
    const [, , id = ""] = path.split("/");
    const task = [...this.containers].find(([, each]) => each === id)?.[0];
    if (task === undefined) throw new Fault("not_found", `No such container: ${id}`);
    if (method === "DELETE") this.containers.delete(task);
    return method === "GET" ? { Id: id, Config: { Labels: { [taskIdLabel]: task } } } : undefined;
  }

  #search(filters: string) {
    const [, label] = (JSON.parse(filters) as { label: string[] }).label;
    const found = [...this.containers].filter(([task]) => label === undefined || label === `${taskIdLabel}=${task}`);
    return found.map(([, id]) => ({ Id: id }));
  }

  #create(task: string) {
    const fault = this.createFault;
    if (fault?.code !== "already_exists") this.containers.set(task, `c-${task}`);
    if (fault) throw fault;
    return { Id: `c-${task}` };
  }
}

let engine: FakeEngine;
let containers: Containers;

const create = (task: string): Promise<string> => containers.create(task, task, {} as ContainerCreate);

beforeEach(async () => {
  engine = new FakeEngine();
  engine.containers.set("old", "c-old");
  containers = new Containers(engine, "node");
});

it("searches for what it has not seen until it has listed everything", async () => {
  expect(await containers.find("a")).toBeUndefined();
  expect(await containers.find("old")).toBe("c-old");
  await containers.list();
  engine.asked.length = 0;
  expect(await containers.inspect("a")).toBeUndefined();
  expect(await containers.find("old")).toBe("c-old");
  await create("a");
  expect(await containers.find("a")).toBe("c-a");
  await containers.remove("a");
  expect(await containers.find("a")).toBeUndefined();
  expect(engine.asked).toEqual(["POST /containers/create", "DELETE /containers/c-a"]);
});

it.each([
  ["the answer to its making was lost", new Fault("unavailable", "it broke off its answer")],
  ["another was quicker to make it", new Fault("already_exists", "the name is taken")],
])("finds a container when %s", async (_, fault) => {
  await containers.list();
  engine.createFault = fault;
  await expect(create("a")).rejects.toThrow(fault.message);
  engine.containers.set("a", "c-a");
  expect(await containers.find("a")).toBe("c-a");
  await containers.remove("a");
  expect(engine.containers.has("a")).toBe(false);
});

it("knows what it made and did not start", async () => {
  await create("a");
  expect(containers.unstarted("a")).toBe("c-a");
  expect(containers.unstarted("old")).toBeUndefined();
  await containers.start("c-a");
  expect(containers.unstarted("a")).toBeUndefined();
});

it("does not believe in a container that it made and that somebody has removed", async () => {
  await create("a");
  engine.containers.delete("a");
  expect(await containers.inspect("a")).toBeUndefined();
  expect(containers.unstarted("a")).toBeUndefined();
  expect(await containers.find("a")).toBeUndefined();
});
