import type { Files } from "../files.ts";
import type { Project } from "../project.ts";
import { ProjectError } from "../project-error.ts";
import { isPredefined } from "./attachments.ts";
import { restartedWith } from "./dependencies.ts";
import type { IdOf } from "./file-references.ts";
import type { Namespace } from "./namespace.ts";
import { type FileRequest, filesOf, type Needed, networksOf } from "./objects.ts";
import { inOrder } from "./order.ts";
import { changeOf, keepingImage } from "./service-change.ts";
import { serviceSpecOf } from "./service-spec.ts";
import type { ServiceSpec } from "./spec.ts";
import { differences } from "./spec-differences.ts";

export type PartKind = "network" | "secret" | "config" | "service";

/** One part of a stack, and what is to be done with it. */
export interface Step {
  readonly kind: PartKind;
  readonly name: string;
  readonly action: "create" | "update" | "remove" | "keep";
  /** What becomes different, or why it stays, in a few words each. */
  readonly says: readonly string[];
  /** The call of the API that does it; undefined where nothing is to be done. */
  readonly call?: Call;
}

export interface Call {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  /** Ids that are known only when an earlier step is done stand in it as `idAfter` gives them. */
  readonly body?: object;
}

/** A secret or config as it is in the swarm. */
export interface PresentFile {
  readonly id: string;
  readonly version: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Base64. */
  readonly data: string;
}

/** What there is in the swarm that a stack may be made of. */
export interface Present {
  /** The stack's own, by name. */
  readonly services: ReadonlyMap<string, { readonly id: string; readonly version: number; readonly spec: ServiceSpec }>;
  /** Ids of all networks of the swarm, by name. */
  readonly networks: ReadonlyMap<string, string>;
  /** All of them, by name. */
  readonly secrets: ReadonlyMap<string, PresentFile>;
  readonly configs: ReadonlyMap<string, PresentFile>;
}

export interface PlanOptions {
  readonly files: Files;
  /** Services of the stack that the file does not have go. */
  readonly prune: boolean;
}

/** Stands for the id that the step which makes this part will have brought. */
export function idAfter(kind: PartKind, name: string): string {
  return `after:${kind}:${name}`;
}

/** What brings a stack to what the project says, in the order in which it is to be done. Throws a ProjectError where it cannot. */
export function planOf(project: Project, namespace: Namespace, present: Present, options: PlanOptions): Step[] {
  const needed = networksOf(project, namespace);
  const secrets = filesOf("secrets", project, namespace, options.files);
  const configs = filesOf("configs", project, namespace, options.files);
  const idOf: IdOf = (kind, name) =>
    present[kind].get(name)?.id ?? idAfter(kind === "secrets" ? "secret" : "config", name);
  return [
    ...needed.flatMap(network => networkStep(network, present) ?? []),
    ...secrets.flatMap(secret => fileStep("secret", secret, present.secrets) ?? []),
    ...configs.flatMap(config => fileStep("config", config, present.configs) ?? []),
    ...serviceSteps(project, namespace, present, idOf),
    ...leftOver(project, namespace, present, options.prune),
  ];
}

function networkStep({ name, request }: Needed<object>, { networks }: Present): Step | undefined {
  const isThere = networks.has(name);
  if (!request && !isThere && !isPredefined(name))
    throw new ProjectError(`network "${name}" is external, and there is none: create it first`);
  if (!request) return undefined;
  if (isThere) return { kind: "network", name, action: "keep", says: [] };
  return { kind: "network", name, action: "create", says: [], call: post("/networks/create", request) };
}

function fileStep(
  kind: "secret" | "config",
  { name, request }: Needed<FileRequest>,
  present: ReadonlyMap<string, PresentFile>,
): Step | undefined {
  const found = present.get(name);
  if (!request && !found) throw new ProjectError(`${kind} "${name}" is external, and there is none: create it first`);
  if (!request) return undefined;
  if (!found) return { kind, name, action: "create", says: [], call: post(`/${kind}s/create`, request) };
  if ((request.Data ?? "") !== found.data)
    throw new ProjectError(
      `the content of ${kind} ${name} has changed, which the swarm does not allow: give it another name (\`name: ${name}_2\` in the file)`,
    );
  if (sameLabels(found.labels, request.Labels)) return { kind, name, action: "keep", says: [] };
  const path = `/${kind}s/${found.id}/update?version=${found.version}`;
  return { kind, name, action: "update", says: ["labels"], call: post(path, request) };
}

function* serviceSteps(project: Project, namespace: Namespace, present: Present, idOf: IdOf): Generator<Step> {
  const changed = new Set<string>();
  for (const key of inOrder(project)) {
    const service = project.services[key];
    if (!service) continue;
    const spec = serviceSpecOf(key, service, project, namespace, idOf);
    const name = spec.Name;
    const before = present.services.get(name);
    if (!before) {
      yield {
        kind: "service",
        name,
        action: "create",
        says: differences(undefined, spec),
        call: post("/services/create", spec),
      };
      continue;
    }
    const forced = restartedWith(service).some(other => changed.has(namespace.scoped(other)));
    const wanted = keepingImage(spec, before.spec);
    const next = changeOf(wanted, before.spec, { networkIds: present.networks, forced });
    if (!next) {
      yield { kind: "service", name, action: "keep", says: [] };
      continue;
    }
    changed.add(name);
    const path = `/services/${before.id}/update?version=${before.version}&registryAuthFrom=spec`;
    const says = [
      ...differences(before.spec, next, present.networks),
      ...(forced ? ["starts anew with what it depends on"] : []),
    ];
    yield { kind: "service", name, action: "update", says, call: post(path, next) };
  }
}

/** The stack's services that the file does not have. Those of profiles that were not chosen are in it, and stay. */
function leftOver({ services, leftOut }: Project, namespace: Namespace, present: Present, prune: boolean): Step[] {
  const named = new Set(Object.keys(services).map(key => namespace.scoped(key)));
  const ofOtherProfiles = new Set(leftOut.map(key => namespace.scoped(key)));
  return [...present.services]
    .filter(([name]) => !named.has(name))
    .map(([name, { id }]): Step => {
      if (ofOtherProfiles.has(name)) return { kind: "service", name, action: "keep", says: ["of another profile"] };
      const says = ["not in the file any more"];
      if (!prune) return { kind: "service", name, action: "keep", says };
      return { kind: "service", name, action: "remove", says, call: { method: "DELETE", path: `/services/${id}` } };
    });
}

const post = (path: string, body: object): Call => ({ method: "POST", path, body });

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const text = (labels: object): string => JSON.stringify(Object.entries(labels).sort());
  return text(a) === text(b);
}
