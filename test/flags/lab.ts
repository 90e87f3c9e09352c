import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { createLab, type Lab } from "../lab/lab.ts";
import { Registry } from "../lab/registry.ts";
import { tasksOf } from "../lab/services.ts";
import { argumentOf, type Expectation, type FlagRow, valueAt } from "./row.ts";

/** One host with an engine, a swarm of one node on it, and a registry that wants a login. */
export class FlagLab {
  readonly #lab: Lab;
  readonly manager: Daemon;
  readonly registry: Registry;
  readonly #inspected = new Map<string, Promise<unknown>>();
  /** Tasks from before an update: it is not their containers that are looked at. */
  readonly #former = new Set<string>();

  private constructor(lab: Lab, manager: Daemon, registry: Registry) {
    this.#lab = lab;
    this.manager = manager;
    this.registry = registry;
  }

  static async start(): Promise<FlagLab> {
    const lab = await createLab(1);
    const [host] = lab.hosts;
    if (!host) throw new Error("the lab has no host");
    const resources = ["--generic-resource", "gpu=2", "--generic-resource", "fpga=1"];
    const flags = ["--runtime", "docker", "--engine", `unix://${host.docker.socket}`, ...resources];
    const manager = new Daemon({ address: host.address, hostname: host.name, namespace: host.namespace, flags });
    try {
      const [registry] = await Promise.all([
        Registry.start(host.namespace, join(host.dir, "registry")),
        manager.start().then(() => manager.dockerOk("swarm", "init", "--advertise-addr", host.address)),
      ]);
      return new FlagLab(lab, manager, registry);
    } catch (error) {
      await manager.dispose();
      await lab.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.manager.dispose();
    await this.#lab.close();
  }

  /** `docker service create`; gives what it prints. */
  create(flags: readonly string[], image: string, words: readonly string[]): Promise<string> {
    return this.manager.dockerOk(
      "service",
      "create",
      "--detach",
      "--quiet",
      ...this.#filledIn([...flags, image]),
      ...words,
    );
  }

  /** `docker service update`; gives what it prints. */
  async update(flags: readonly string[], service: string): Promise<string> {
    this.#inspected.delete(service);
    for (const { ID } of await tasksOf(this.manager, service)) this.#former.add(ID);
    return this.manager.dockerOk("service", "update", "--detach", "--quiet", ...this.#filledIn([...flags, service]));
  }

  /** Expects what a row says, of a service that was made with its flag by a command that printed `output`. */
  async check(service: string, row: FlagRow, output: string): Promise<void> {
    const title = argumentOf(row);
    if (row.output) expect.soft(output, title).toMatch(row.output);
    if (row.spec) meet(await this.spec(service), row.spec, title);
    if (row.container) meet(await this.#container(service), row.container, title);
    if (row.refused) expect.soft(await this.#refusal(service), title).toMatch(row.refused);
  }

  async spec(service: string): Promise<unknown> {
    const found = JSON.parse(await this.manager.dockerOk("service", "inspect", service)) as { Spec: unknown }[];
    return found[0]?.Spec;
  }

  /** Makes what the flags name. */
  async prepare(): Promise<void> {
    const { manager } = this;
    writeFileSync(this.#envFile, "FROM_FILE=yes\n");
    for (const name of ["settings", "more"]) await manager.dockerWith("x", "config", "create", name, "-");
    for (const name of ["password", "token"]) await manager.dockerWith("x", "secret", "create", name, "-");
    await manager.dockerOk("tag", "busybox:latest", "busybox:second");
    await manager.dockerOk("network", "create", "--driver", "overlay", "ov");
    await this.login();
  }

  /** `docker login` to the registry. */
  async login(): Promise<void> {
    const { input, args } = this.registry.login;
    const { code, stderr } = await this.manager.dockerWith(input, ...args);
    if (code !== 0) throw new Error(`docker login: ${stderr}`);
  }

  get #envFile(): string {
    return join(this.manager.directory, "variables");
  }

  #filledIn(args: readonly string[]): string[] {
    return args.map(text => text.replace("REGISTRY", this.registry.address).replace("=FILE", `=${this.#envFile}`));
  }

  /** The container of the service's newest task, once it runs. */
  #container(service: string): Promise<unknown> {
    const known = this.#inspected.get(service);
    if (known) return known;
    const looking = eventually(`${service} runs`, async () => {
      const tasks = await tasksOf(this.manager, service);
      const running = tasks.find(task => task.Status.State === "running" && !this.#former.has(task.ID));
      const id = running?.Status.ContainerStatus?.ContainerID;
      return id === undefined ? undefined : (JSON.parse(await this.manager.dockerOk("inspect", id)) as unknown[])[0];
    });
    this.#inspected.set(service, looking);
    return looking;
  }

  /** What `docker service ps` says of a task that no node runs. */
  #refusal(service: string): Promise<string> {
    const format = "{{.CurrentState}}: {{.Error}}";
    return eventually(`${service} is refused`, async () => {
      const lines = await this.manager.dockerOk("service", "ps", "--no-trunc", "--format", format, service);
      return lines.split("\n").find(line => /^(Rejected|Pending) .*: ./.test(line));
    });
  }
}

/** Expects an object to have what is said; goes on when it has not, so that a test tells of all rows. */
export function meet(object: unknown, expected: Expectation, title: string): void {
  const value = expect.soft(valueAt(object, expected.at), `${title}: ${expected.at}`);
  if ("is" in expected) value.toEqual(expected.is);
  else if ("are" in expected) {
    value.toEqual(expect.arrayContaining([...expected.are]));
    value.toHaveLength(expected.are.length);
  } else if ("like" in expected) value.toMatch(expected.like);
  else if (typeof expected.has !== "object") value.toContain(expected.has);
  else value.toEqual(expect.arrayContaining([expect.objectContaining(expected.has)]));
}
