import { asFault, Fault } from "../lib/fault.ts";
import { expandTemplate } from "../lib/go-template/template.ts";
import type { ContainerSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Mount } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type TemplateFacts, templateDot } from "./template-facts.ts";
import { commonFunctions, templateName } from "./template-functions.ts";

type Expand = (source: string) => string;

/**
 * A container's spec with its templates filled in: the values of environment variables, mounts (source, target, labels
 * and driver options of volumes) and the hostname. Faults invalid_argument with SwarmKit's texts, which say what of the
 * spec it is.
 */
export function expandContainer(spec: ContainerSpec, facts: TemplateFacts): ContainerSpec {
  const dot = templateDot(facts, "*template.Context");
  const expand: Expand = source => expandTemplate(source, { name: templateName, dot, functions: commonFunctions });
  return {
    ...spec,
    env: within("expanding env failed", () => spec.env.map(entry => expandVariable(entry, expand))),
    mounts: within("expanding mounts failed", () => spec.mounts.map(mount => expandMount(mount, expand))),
    hostname: within("expanding hostname failed", () => expand(spec.hostname)),
  };
}

/** The same for a host name alone. */
export function expandHostname(hostname: string, facts: TemplateFacts): string {
  const dot = templateDot(facts, "*template.Context");
  const context = { name: templateName, dot, functions: commonFunctions };
  return within("expanding hostname failed", () => expandTemplate(hostname, context));
}

/** Names of variables are taken as they are. */
function expandVariable(entry: string, expand: Expand): string {
  const at = entry.indexOf("=");
  if (at < 0) return entry;
  return within(`expanding env ${quoted(entry)}`, () => `${entry.slice(0, at)}=${expand(entry.slice(at + 1))}`);
}

function expandMount(mount: Mount, expand: Expand): Mount {
  const source = within(`expanding mount source ${quoted(mount.source)}`, () => expand(mount.source));
  const target = within(`expanding mount target ${quoted(mount.target)}`, () => expand(mount.target));
  const options = mount.volumeOptions;
  if (!options) return { ...mount, source, target };
  const labels = within("expanding volume labels", () => expandValues(options.labels, expand));
  const driver = options.driverConfig;
  const driverConfig = driver && {
    ...driver,
    options: within("expanding volume driver config", () => expandValues(driver.options, expand)),
  };
  const volumeOptions = { ...options, labels, ...(driverConfig ? { driverConfig } : {}) };
  return { ...mount, source, target, volumeOptions };
}

function expandValues(values: Readonly<Record<string, string>>, expand: Expand): Record<string, string> {
  const expanded = Object.entries(values).map(([key, value]) => {
    const where = `expanding map entry ${quoted(key)}=${quoted(value)}`;
    return [key, within(where, () => expand(value))] as const;
  });
  return Object.fromEntries(expanded);
}

function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, message } = asFault(error);
    throw new Fault(code, `${where}: ${message}`, { cause: error });
  }
}

/** As Go's `%q` prints a text. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
