import type { Project } from "../project.ts";
import type { FileObject } from "../project-schema.ts";
import type { FileReference, Service } from "../service-schema.ts";
import type { Namespace } from "./namespace.ts";

/** Rights of a file that says nothing about them: everyone reads. */
const defaultMode = 0o444;

/** The id of a secret or config in the swarm. */
export type IdOf = (kind: "secrets" | "configs", name: string) => string;

/** The name in the swarm of what the file calls `key`. */
export function objectName(key: string, object: FileObject | undefined, namespace: Namespace): string {
  return object?.name ?? (object?.external ? key : namespace.scoped(key));
}

export function secretsOf(service: Service, project: Project, namespace: Namespace, idOf: IdOf): object[] {
  const references = (service.secrets ?? []).map(reference => {
    const SecretName = objectName(reference.source, project.secrets[reference.source], namespace);
    return { File: fileOf(reference), SecretID: idOf("secrets", SecretName), SecretName };
  });
  return references.sort((a, b) => (a.SecretName < b.SecretName ? -1 : 1));
}

export function configsOf(service: Service, project: Project, namespace: Namespace, idOf: IdOf): object[] {
  const references = (service.configs ?? []).map((reference): { ConfigName: string } => {
    const ConfigName = objectName(reference.source, project.configs[reference.source], namespace);
    return Object.assign({ File: fileOf(reference), ConfigID: idOf("configs", ConfigName), ConfigName });
  });
  const own = service.credential_spec?.config;
  if (own !== undefined) {
    const ConfigName = objectName(own, project.configs[own], namespace);
    references.push(Object.assign({ Runtime: {}, ConfigID: idOf("configs", ConfigName), ConfigName }));
  }
  return references.sort((a, b) => (a.ConfigName < b.ConfigName ? -1 : 1));
}

function fileOf({ source, target, uid, gid, mode }: FileReference): object {
  return { Name: target ?? source, UID: uid ?? "0", GID: gid ?? "0", Mode: mode ?? defaultMode };
}
