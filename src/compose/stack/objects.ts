import { filledIn } from "../environment.ts";
import type { Files } from "../files.ts";
import type { Project } from "../project.ts";
import { ProjectError } from "../project-error.ts";
import type { FileObject, Network } from "../project-schema.ts";
import { filled, said } from "../said.ts";
import { isPredefined, networkName } from "./attachments.ts";
import { objectName } from "./file-references.ts";
import type { Namespace } from "./namespace.ts";

/** Something a stack's services need, by its name in the swarm: to be made, or to be there already. */
export interface Needed<Request> {
  readonly name: string;
  /** What the API's create takes; undefined for what is external. */
  readonly request: Request | undefined;
}

export interface FileRequest {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  /** Base64. */
  readonly Data?: string;
  readonly [other: string]: unknown;
}

/** The networks that services use, the default one too where a service names none. */
export function networksOf({ services, networks }: Project, namespace: Namespace): Needed<object>[] {
  const used = new Set(Object.values(services).flatMap(({ networks: own }) => namesIn(own)));
  return [...used].sort().map(key => {
    const network = networks[key] ?? {};
    const name = networkName(key, network, namespace);
    const exists = network.external || isPredefined(name);
    return { name, request: exists ? undefined : networkRequest(name, network, namespace) };
  });
}

function namesIn(attachments: object | undefined): string[] {
  const names = Object.keys(attachments ?? {});
  return names.length > 0 ? names : ["default"];
}

function networkRequest(Name: string, network: Network, namespace: Namespace): object {
  const { ipam } = network;
  return said({
    Name,
    Driver: network.driver ?? "overlay",
    Labels: namespace.labels(filledIn(network.labels)),
    Options: filled(filledIn(network.driver_opts)),
    Internal: network.internal,
    Attachable: network.attachable,
    EnableIPv6: network.enable_ipv6,
    IPAM:
      ipam &&
      said({
        Driver: ipam.driver,
        Options: filled(filledIn(ipam.options)),
        Config: ipam.config?.map(({ subnet, ip_range, gateway }) =>
          said({ Subnet: subnet, IPRange: ip_range, Gateway: gateway }),
        ),
      }),
  });
}

/** All secrets or configs of the file, with their content. */
export function filesOf(
  kind: "secrets" | "configs",
  project: Project,
  namespace: Namespace,
  files: Files,
): Needed<FileRequest>[] {
  return Object.entries(project[kind]).map(([key, object]) => {
    const name = objectName(key, object, namespace);
    if (object.external) return { name, request: undefined };
    const data = contentOf(`${kind}.${key}`, object, project, files);
    const request = {
      Name: name,
      Labels: namespace.labels(filledIn(object.labels)),
      ...said({
        Data: data?.toString("base64"),
        Driver: object.driver ? { Name: object.driver, Options: filledIn(object.driver_opts) } : undefined,
        Templating: object.template_driver ? { Name: object.template_driver } : undefined,
      }),
    };
    return { name, request };
  });
}

/** Undefined for what a driver gives. */
function contentOf(what: string, object: FileObject, { lookup }: Project, files: Files): Buffer | undefined {
  const { file, content, environment, driver } = object;
  if ([file, content, environment].filter(one => one !== undefined).length > 1)
    throw new ProjectError(`${what} has more than one of file, content and environment`);
  if (content !== undefined) return Buffer.from(content);
  if (environment !== undefined) {
    const value = lookup(environment);
    if (value === undefined) throw new ProjectError(`${what} wants the variable "${environment}", which is not set`);
    return Buffer.from(value);
  }
  if (file === undefined && driver !== undefined) return undefined;
  if (file === undefined) throw new ProjectError(`${what} must have one of file, content, environment and external`);
  const bytes = files.read(file);
  if (!bytes) throw new ProjectError(`${what}: cannot read "${file}": there is no such file`);
  return bytes;
}
