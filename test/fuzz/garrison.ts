import { LiveIdentity } from "../../src/pki/live-identity.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { grpcTransport } from "../../src/rpc/transport.ts";
import { Control } from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import { eventually } from "../lab/command.ts";
import { Intruder } from "./intruder.ts";
import type { Templates } from "./rpc-inputs.ts";
import type { Target } from "./target.ts";
import { rpcTemplates } from "./templates.ts";

const kinds = ["services", "secrets", "configs", "networks"] as const;
/** Tasks that show that the manager still does its work. */
const replicas = 2;

interface Listed {
  readonly ID?: string;
  readonly Id?: string;
  readonly Name?: string;
  readonly Spec?: { readonly Name?: string };
}

/** The swarm around the fuzzed manager: what is in it at the moment, put in order after every round. */
export class Garrison {
  readonly intruders: Readonly<Record<Intruder["role"], Intruder>>;
  /** Ids and names of what there is. */
  known: readonly string[] = [];
  tokens: readonly string[] = [];
  templates: Templates = new Map();
  readonly #target: Target;
  /** The manager's own node, and the swarm as it was founded. */
  #self = "";
  #spec: Record<string, unknown> = {};

  constructor(target: Target) {
    this.#target = target;
    const intruder = (role: Intruder["role"]) => new Intruder(role, target);
    this.intruders = { nobody: intruder("nobody"), worker: intruder("worker"), manager: intruder("manager") };
  }

  /** Notes how things are before anything was done to them. */
  async found(): Promise<void> {
    const { Swarm } = await this.#target.ok<{ Swarm: { NodeID: string } }>("GET", "/info");
    this.#self = Swarm.NodeID;
    this.#spec = (await this.#swarm()).Spec;
  }

  /** Fresh certificates, objects to aim at, and what is known of them. */
  async prepare(): Promise<void> {
    const { JoinTokens } = await this.#swarm();
    this.tokens = [JoinTokens.Worker, JoinTokens.Manager];
    await this.intruders.worker.enrol(JoinTokens.Worker);
    const credentials = await this.intruders.manager.enrol(JoinTokens.Manager);
    await this.#create();
    const lists = await Promise.all([...kinds, "nodes", "tasks"].map(kind => this.#list(kind)));
    this.known = lists
      .flat()
      .flatMap(each => [idOf(each), each.Name ?? each.Spec?.Name ?? ""])
      .filter(Boolean);
    const transport = grpcTransport({ identity: new LiveIdentity(credentials), log: silentLogger, clock: systemClock });
    const connection = transport.connect(`${this.#target.address}:2377`);
    this.templates = await rpcTemplates(connection.client(Control));
    connection.close();
  }

  /** Removes what a round has left, and undoes what it changed. */
  async tidy(): Promise<void> {
    for (const kind of kinds)
      for (const each of await this.#list(kind))
        await this.#target.api("DELETE", `/${kind}/${encodeURIComponent(idOf(each))}`);
    for (const each of await this.#list("nodes"))
      if (idOf(each) !== this.#self) await this.#target.api("DELETE", `/nodes/${idOf(each)}?force=1`);
    const self = await this.#target.ok<{ Version: { Index: number } }>("GET", `/nodes/${this.#self}`);
    const spec = { Role: "manager", Availability: "active" };
    await this.#target.ok("POST", `/nodes/${this.#self}/update?version=${self.Version.Index}`, spec);
    const { Version, Spec } = await this.#swarm();
    const { ForceRotate } = Spec.CAConfig as { ForceRotate?: number };
    const caConfig = { ...(this.#spec.CAConfig as object), ...(ForceRotate && { ForceRotate }) };
    await this.#target.ok("POST", `/swarm/update?version=${Version.Index}`, { ...this.#spec, CAConfig: caConfig });
    await eventually("no task is left", async () => (await this.#list("tasks")).length === 0 || undefined);
    // Until a change of the root is through, a token that was just read may be for the one before.
    await eventually("the root stays", async () => !(await this.#swarm()).RootRotationInProgress || undefined);
  }

  /** Starts a service and lets a node join, as on any other day. */
  async works(): Promise<void> {
    const { JoinTokens } = await this.#swarm();
    await this.intruders.worker.enrol(JoinTokens.Worker);
    const spec = serviceSpec("after", replicas);
    const { ID } = await this.#target.ok<{ ID: string }>("POST", "/services/create", spec);
    await eventually("the service runs", async () => {
      const filters = encodeURIComponent(JSON.stringify({ service: [ID] }));
      const tasks = await this.#target.ok<{ Status: { State: string } }[]>("GET", `/tasks?filters=${filters}`);
      return tasks.filter(({ Status }) => Status.State === "running").length === replicas || undefined;
    });
    await this.#target.ok("DELETE", `/services/${ID}`);
  }

  close(): void {
    for (const intruder of Object.values(this.intruders)) intruder.close();
  }

  async #create(): Promise<void> {
    const target = this.#target;
    const data = { Name: "known", Data: Buffer.from("x").toString("base64") };
    await target.ok("POST", "/services/create", serviceSpec("known", 1));
    await target.ok("POST", "/secrets/create", data);
    await target.ok("POST", "/configs/create", data);
    await target.ok("POST", "/networks/create", { Name: "known", Driver: "overlay" });
  }

  async #list(kind: string): Promise<Listed[]> {
    const all = await this.#target.ok<(Listed & { Scope?: string; Ingress?: boolean })[]>("GET", `/${kind}`);
    return kind === "networks" ? all.filter(({ Scope, Ingress }) => Scope === "swarm" && !Ingress) : all;
  }

  #swarm() {
    return this.#target.ok<{
      Version: { Index: number };
      Spec: Record<string, unknown>;
      RootRotationInProgress: boolean;
      JoinTokens: { Worker: string; Manager: string };
    }>("GET", "/swarm");
  }
}

function idOf({ ID, Id }: Listed): string {
  return ID ?? Id ?? "";
}

function serviceSpec(Name: string, Replicas: number) {
  const Placement = { Constraints: ["node.hostname==target"] };
  const TaskTemplate = { ContainerSpec: { Image: "shoal/sleep", StopGracePeriod: 1_000_000 }, Placement };
  return { Name, TaskTemplate, Mode: { Replicated: { Replicas } } };
}
