import { InvalidArgumentError } from "commander";
import { capabilities } from "../../compose/stack/container-spec.ts";
import { CliError } from "../failure.ts";
import { port } from "../values.ts";
import { csv, fileReference, genericResource, networkAttachment, ulimit } from "./list-values.ts";
import { parseMount } from "./mount.ts";

/** A flag that can be repeated: `--X` on create, `--X-add` and `--X-rm` on update. */
export interface ListFlag {
  readonly name: string;
  readonly short?: string;
  readonly argument: string;
  readonly description: string;
  readonly path: string;
  readonly parse: (text: string) => unknown;
  /** What an item is of, of which there can be one. */
  readonly identity: (item: never) => string;
  /** What `--X-rm` calls an item; `identity` unless said otherwise. */
  readonly removes?: (text: string, item: never) => boolean;
}

const container = "TaskTemplate.ContainerSpec";
const itself = (item: string): string => item;
const text = (item: string): string => item;
const firstPart = (item: string): string => item.split("=")[0] ?? "";

interface Port {
  readonly TargetPort: number;
  readonly PublishedPort?: number;
  readonly Protocol: string;
}

export const listFlags: readonly ListFlag[] = [
  {
    name: "config",
    argument: "<config>",
    description: "NAME, or source=,target=,uid=,gid=,mode=",
    path: `${container}.Configs`,
    parse: value => fileReference(value, "ConfigName"),
    identity: (item: { ConfigName: string }) => item.ConfigName,
  },
  {
    name: "constraint",
    argument: "<expression>",
    description: "like node.labels.zone==a",
    path: "TaskTemplate.Placement.Constraints",
    parse: text,
    identity: itself,
  },
  {
    name: "dns",
    argument: "<address>",
    description: "a name server",
    path: `${container}.DNSConfig.Nameservers`,
    parse: text,
    identity: itself,
  },
  {
    name: "dns-option",
    argument: "<option>",
    description: "an option of the resolver",
    path: `${container}.DNSConfig.Options`,
    parse: text,
    identity: itself,
  },
  {
    name: "dns-search",
    argument: "<domain>",
    description: "a domain to look in",
    path: `${container}.DNSConfig.Search`,
    parse: text,
    identity: itself,
  },
  {
    name: "env",
    short: "-e",
    argument: "<name=value>",
    description: "a variable; a name alone takes its value from here",
    path: `${container}.Env`,
    parse: variable,
    identity: firstPart,
  },
  {
    name: "generic-resource",
    argument: "<kind=value>",
    description: "reserved for each task",
    path: "TaskTemplate.Resources.Reservations.GenericResources",
    parse: genericResource,
    identity: (item: object) => JSON.stringify(item).replace(/.*"Kind":"([^"]*)".*/, "$1"),
    removes: (kind, item: object) => JSON.stringify(item).includes(`"Kind":${JSON.stringify(firstPart(kind))}`),
  },
  {
    name: "group",
    argument: "<group>",
    description: "one more group of the user",
    path: `${container}.Groups`,
    parse: text,
    identity: itself,
  },
  {
    name: "host",
    argument: "<host:ip>",
    description: "a line of /etc/hosts",
    path: `${container}.Hosts`,
    parse: hostLine,
    identity: itself,
    removes: (host, line: string) =>
      /[:=]/.test(host) ? line === hostLine(host) : line.split(" ").slice(1).includes(host),
  },
  {
    name: "mount",
    argument: "<mount>",
    description: "type=,source=,target=,…",
    path: `${container}.Mounts`,
    parse: parseMount,
    identity: (item: { Target: string }) => item.Target,
  },
  {
    name: "network",
    argument: "<network>",
    description: "NAME, or name=,alias=,driver-opt=",
    path: "TaskTemplate.Networks",
    parse: networkAttachment,
    identity: (item: { Target: string }) => item.Target,
  },
  {
    name: "placement-pref",
    argument: "<preference>",
    description: "spread=node.labels.zone",
    path: "TaskTemplate.Placement.Preferences",
    parse: preference,
    identity: (item: object) => JSON.stringify(item),
    removes: (wanted, item: object) => JSON.stringify(preference(wanted)) === JSON.stringify(item),
  },
  {
    name: "publish",
    short: "-p",
    argument: "<port>",
    description: "[PUBLISHED:]TARGET[/PROTOCOL], or published=,target=,protocol=,mode=",
    path: "EndpointSpec.Ports",
    parse: port,
    identity: (item: Port) => `${item.PublishedPort ?? ""}:${item.TargetPort}/${item.Protocol}`,
    removes: (wanted, item: Port) => removesPort(wanted, item),
  },
  {
    name: "secret",
    argument: "<secret>",
    description: "NAME, or source=,target=,uid=,gid=,mode=",
    path: `${container}.Secrets`,
    parse: value => fileReference(value, "SecretName"),
    identity: (item: { SecretName: string }) => item.SecretName,
  },
  {
    name: "ulimit",
    argument: "<limit>",
    description: "NAME=SOFT[:HARD]",
    path: `${container}.Ulimits`,
    parse: ulimit,
    identity: (item: { Name: string }) => item.Name,
  },
];

/** Flags whose items are keys with values. */
export const mapFlags: readonly {
  readonly name: string;
  readonly short?: string;
  readonly description: string;
  readonly path: string;
}[] = [
  { name: "container-label", description: "a label of the containers", path: `${container}.Labels` },
  { name: "label", short: "-l", description: "a label of the service", path: "Labels" },
  { name: "sysctl", description: "a kernel parameter", path: `${container}.Sysctls` },
];

/** A capability is either added or dropped. */
export const capabilityFlags = [
  { name: "cap-add", path: `${container}.CapabilityAdd`, other: `${container}.CapabilityDrop` },
  { name: "cap-drop", path: `${container}.CapabilityDrop`, other: `${container}.CapabilityAdd` },
] as const;

export const capability = (name: string): string => capabilities([name])[0] ?? name;

function variable(item: string): string {
  if (item.includes("=")) return item;
  const value = process.env[item];
  return value === undefined ? item : `${item}=${value}`;
}

function hostLine(entry: string): string {
  const at = entry.search(/[:=]/);
  if (at < 1) throw new InvalidArgumentError("not HOST:IP");
  return `${entry.slice(at + 1)} ${entry.slice(0, at)}`;
}

function preference(wanted: string): object {
  const [[key, value] = ["", ""]] = csv(wanted);
  if (key !== "spread" || !value) throw new InvalidArgumentError("not spread=node.labels.NAME");
  return { Spread: { SpreadDescriptor: value } };
}

/** `TARGET[/PROTOCOL]`, or as it was published. */
function removesPort(wanted: string, { TargetPort, PublishedPort, Protocol }: Port): boolean {
  const [, published, target, protocol = "tcp"] = /^(?:(\d+):)?(\d+)(?:\/(\w+))?$/.exec(wanted) ?? [];
  if (target === undefined) throw new CliError(`Cannot use "${wanted}": not TARGET[/PROTOCOL]`);
  const isPublished = published === undefined || Number(published) === PublishedPort;
  return Number(target) === TargetPort && protocol === Protocol && isPublished;
}
