import { taggedImage } from "../../lib/image-name.ts";
import { parseDuration } from "../../lib/quantity.ts";
import { filledIn } from "../environment.ts";
import type { Project } from "../project.ts";
import { filled, said, saidAny } from "../said.ts";
import type { Healthcheck, Service } from "../service-schema.ts";
import { configsOf, type IdOf, objectName, secretsOf } from "./file-references.ts";
import { mountsOf } from "./mounts.ts";
import type { Namespace } from "./namespace.ts";
import type { ContainerSpec } from "./spec.ts";

/** What a service's tasks run. */
export function containerSpecOf(service: Service, project: Project, namespace: Namespace, idOf: IdOf): ContainerSpec {
  const { dns, dns_search, dns_opt, healthcheck, stop_grace_period: grace } = service;
  return {
    Image: taggedImage(service.image ?? ""),
    ...said({
      Labels: namespace.labels(filledIn(service.labels)),
      Command: service.entrypoint ?? undefined,
      Args: service.command ?? undefined,
      Hostname: service.hostname,
      Env: environmentOf(service.environment ?? {}),
      Dir: service.working_dir,
      User: service.user,
      Groups: service.group_add,
      Privileges: privilegesOf(service, project, namespace, idOf),
      Init: service.init,
      StopSignal: service.stop_signal,
      TTY: service.tty || undefined,
      OpenStdin: service.stdin_open || undefined,
      ReadOnly: service.read_only || undefined,
      Mounts: mountsOf(service, project.volumes, namespace),
      StopGracePeriod: grace === undefined ? undefined : parseDuration(grace),
      Healthcheck: healthcheck && healthcheckOf(healthcheck),
      Hosts: service.extra_hosts?.map(hostLine),
      DNSConfig: saidAny({ Nameservers: dns, Search: dns_search, Options: dns_opt }),
      Secrets: secretsOf(service, project, namespace, idOf),
      Configs: configsOf(service, project, namespace, idOf),
      Isolation: service.isolation,
      Sysctls: filled(filledIn(service.sysctls)),
      CapabilityAdd: service.cap_add && capabilities(service.cap_add),
      CapabilityDrop: service.cap_drop && capabilities(service.cap_drop),
      Ulimits: ulimitsOf(service),
      OomScoreAdj: service.oom_score_adj || undefined,
    }),
  };
}

/** `K=V`, or `K` alone for a variable without a value, sorted. */
function environmentOf(environment: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(environment)
    .map(([name, value]) => (value === null ? name : `${name}=${value}`))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** "HOST:IP" as a line of /etc/hosts. */
function hostLine(entry: string): string {
  const at = entry.indexOf(":");
  return `${entry.slice(at + 1).replace(/^\[|\]$/g, "")} ${entry.slice(0, at)}`;
}

function healthcheckOf(check: Healthcheck): object {
  const duration = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text));
  return said({
    Test: check.disable ? ["NONE"] : check.test,
    Interval: duration(check.interval),
    Timeout: duration(check.timeout),
    StartPeriod: duration(check.start_period),
    StartInterval: duration(check.start_interval),
    Retries: check.retries,
  });
}

/** In capitals, with `CAP_` before them, each once. */
export function capabilities(names: readonly string[]): string[] {
  const full = names.map(name => name.toUpperCase()).map(name => (/^(CAP_|ALL$)/.test(name) ? name : `CAP_${name}`));
  return [...new Set(full)].sort();
}

function ulimitsOf({ ulimits = {} }: Service): object[] {
  const names = Object.keys(ulimits).sort();
  return names.map(Name => ({ Name, Hard: ulimits[Name]?.hard, Soft: ulimits[Name]?.soft }));
}

/** Docker's CLI says always that there are none, and the swarm would take nothing said for another spec. */
function privilegesOf(service: Service, project: Project, namespace: Namespace, idOf: IdOf): object {
  const spec = service.credential_spec;
  if (!spec) return {};
  const name = spec.config === undefined ? undefined : objectName(spec.config, project.configs[spec.config], namespace);
  const Config = name === undefined ? undefined : idOf("configs", name);
  return { CredentialSpec: said({ Config, File: spec.file, Registry: spec.registry }) };
}
