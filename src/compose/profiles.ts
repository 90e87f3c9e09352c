import { ProjectError } from "./project-error.ts";
import type { Service } from "./service-schema.ts";

type Services = Readonly<Record<string, Service>>;

/**
 * The services without a profile, and those with one that is asked for ("*": all). Dependencies that need not be there, and
 * are not, are left out; others are an error.
 */
export function enabledServices(services: Services, profiles: ReadonlySet<string>): Services {
  const enabled = Object.entries(services).filter(
    ([, { profiles: own = [] }]) => own.length === 0 || profiles.has("*") || own.some(profile => profiles.has(profile)),
  );
  const names = new Set(enabled.map(([name]) => name));
  return Object.fromEntries(enabled.map(([name, service]) => [name, withDependencies(name, service, names, services)]));
}

function withDependencies(name: string, service: Service, enabled: ReadonlySet<string>, all: Services): Service {
  if (!service.depends_on) return service;
  const kept = Object.entries(service.depends_on).filter(([other, { required = true }]) => {
    if (enabled.has(other)) return true;
    if (!required) return false;
    const { profiles = [] } = all[other] ?? {};
    const hint = profiles.length > 0 ? `only there with --profile ${profiles.join(" or --profile ")}` : "not defined";
    throw new ProjectError(`services.${name} depends on "${other}", which is ${hint}`);
  });
  return { ...service, depends_on: Object.fromEntries(kept) };
}
