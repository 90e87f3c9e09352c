import type { Files } from "../../compose/files.ts";
import type { Project } from "../../compose/project.ts";
import { restartedWith } from "../../compose/stack/dependencies.ts";
import { imageLabel, type Namespace } from "../../compose/stack/namespace.ts";
import { filesOf, networksOf } from "../../compose/stack/objects.ts";
import { inOrder } from "../../compose/stack/order.ts";
import { changeOf, keepingForce, keepingImage } from "../../compose/stack/service-change.ts";
import { serviceSpecOf } from "../../compose/stack/service-spec.ts";
import type { ServiceSpec } from "../../compose/stack/spec.ts";
import { type Api, filters } from "../api.ts";
import { trying } from "../failure.ts";
import { print, warn } from "../output.ts";
import { waitForServices } from "../progress/wait.ts";
import { registryAuth } from "../registry/credentials.ts";
import { pinned } from "../registry/pinned-image.ts";
import type { ServiceView } from "../types.ts";
import { provideFiles, provideNetworks } from "./provision.ts";

export interface DeployOptions {
  /** Removes services that the file does not have any more. */
  readonly prune: boolean;
  readonly withRegistryAuth: boolean;
  readonly resolveImage: "always" | "changed" | "never";
  readonly detach: boolean;
  readonly quiet: boolean;
  /** 0 for no limit. */
  readonly timeoutMs: number;
  readonly files: Files;
}

/** Brings a stack to what the project says and, unless detached, waits until it is up. What is so already stays untouched. */
export async function deploy(api: Api, project: Project, namespace: Namespace, options: DeployOptions): Promise<void> {
  const listed = await api.get<ServiceView[]>(`/services?${filters(namespace.filter)}`);
  const present = new Map(listed.map(service => [service.Spec.Name, service]));
  const needed = {
    secrets: filesOf("secrets", project, namespace, options.files),
    configs: filesOf("configs", project, namespace, options.files),
  };
  await dealWithOthers(api, othersThan(project, namespace, listed), options);
  const networkIds = await provideNetworks(api, networksOf(project, namespace), namespace);
  const idOf = await provideFiles(api, needed);
  const deployment = new Deployment(api, options, present, networkIds);
  for (const name of inOrder(project)) {
    const service = project.services[name];
    if (!service) continue;
    const restarts = restartedWith(service).map(other => namespace.scoped(other));
    await deployment.apply(serviceSpecOf(name, service, project, namespace, idOf), restarts);
  }
  if (options.detach) return;
  await waitForServices(api, {
    services: namespace.filter,
    tasks: namespace.filter,
    names: new Set(Object.keys(project.services).map(name => namespace.scoped(name))),
    changed: deployment.changed,
    timeoutMs: options.timeoutMs,
    quiet: options.quiet,
  });
}

/** Services of the stack that the files do not have, whichever profiles are chosen. */
function othersThan(project: Project, namespace: Namespace, present: readonly ServiceView[]): readonly ServiceView[] {
  const kept = new Set([...Object.keys(project.services), ...project.leftOut].map(name => namespace.scoped(name)));
  return present.filter(({ Spec }) => !kept.has(Spec.Name));
}

/** Removes them if that is asked for; else says that they stay. */
async function dealWithOthers(api: Api, others: readonly ServiceView[], { prune }: DeployOptions): Promise<void> {
  for (const { ID, Spec } of others) {
    if (!prune) {
      warn(`Service ${Spec.Name} of the stack is not in what is deployed: it stays as it is, --prune removes it`);
      continue;
    }
    print(`Removing service ${Spec.Name}`);
    await api.delete(`/services/${ID}`);
  }
}

class Deployment {
  /** Ids of the services that were created or updated. */
  readonly changed = new Set<string>();
  readonly #updated = new Set<string>();
  readonly #api: Api;
  readonly #options: DeployOptions;
  readonly #present: ReadonlyMap<string, ServiceView>;
  readonly #networkIds: ReadonlyMap<string, string>;

  constructor(
    api: Api,
    options: DeployOptions,
    present: ReadonlyMap<string, ServiceView>,
    networkIds: ReadonlyMap<string, string>,
  ) {
    this.#api = api;
    this.#options = options;
    this.#present = present;
    this.#networkIds = networkIds;
  }

  /** Creates the service, or updates it where it differs; `restarts` names those whose update makes its tasks start anew. */
  async apply(wanted: ServiceSpec, restarts: readonly string[]): Promise<void> {
    const before = this.#present.get(wanted.Name);
    const image = wanted.Labels?.[imageLabel] ?? "";
    const auth = this.#options.withRegistryAuth ? await registryAuth(image) : undefined;
    const headers = auth === undefined ? {} : { "X-Registry-Auth": auth };
    const spec = await this.#resolved(wanted, before, auth);
    if (!before) {
      print(`Creating service ${spec.Name}`);
      const created = this.#api.post<{ ID: string }>("/services/create", spec, headers);
      this.changed.add((await trying(`create service ${spec.Name}`, created)).ID);
      return;
    }
    const forced = restarts.some(name => this.#updated.has(name));
    const next = changeOf(spec, before.Spec, { networkIds: this.#networkIds, forced });
    if (!next && auth === undefined && !isPaused(before)) return;
    print(`Updating service ${spec.Name} (id: ${before.ID})`);
    const from = auth === undefined ? "&registryAuthFrom=spec" : "";
    const path = `/services/${before.ID}/update?version=${before.Version.Index}${from}`;
    const updated = this.#api.post(path, next ?? keepingForce(spec, before.Spec), headers);
    await trying(`update service ${spec.Name}`, updated);
    this.changed.add(before.ID);
    this.#updated.add(spec.Name);
  }

  /** The image as what is to run: the one that runs already where it is not asked for anew. */
  async #resolved(
    wanted: ServiceSpec,
    before: ServiceView | undefined,
    auth: string | undefined,
  ): Promise<ServiceSpec> {
    const { resolveImage } = this.#options;
    const isSame = before?.Spec.Labels?.[imageLabel] === wanted.Labels?.[imageLabel];
    if (resolveImage === "always" || (resolveImage === "changed" && !isSame)) {
      const { spec, warning } = await pinned(this.#api, wanted, auth);
      if (warning) warn(warning);
      return spec;
    }
    return before ? keepingImage(wanted, before.Spec) : wanted;
  }
}

/** An update that stopped halfway is gone on with by another one, be it the same: what is asked for is not there yet. */
function isPaused({ UpdateStatus }: ServiceView): boolean {
  return UpdateStatus?.State === "paused" || UpdateStatus?.State === "rollback_paused";
}
