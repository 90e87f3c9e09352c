import {
  Privileges_AppArmorOpts_AppArmorMode as AppArmorMode,
  type Privileges,
  type Privileges_SELinuxContext as SELinuxContext,
  Privileges_SeccompOpts_SeccompMode as SeccompMode,
  type Privileges_SeccompOpts as SeccompOpts,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The spec's privileges in the engine's spelling (`docker run --security-opt`). */
export function securityOptions(privileges: Privileges | undefined): string[] {
  if (!privileges) return [];
  return [
    ...selinuxOptions(privileges.selinuxContext),
    ...seccompOptions(privileges.seccomp),
    ...(privileges.apparmor?.mode === AppArmorMode.DISABLED ? ["apparmor=unconfined"] : []),
    ...(privileges.noNewPrivileges ? ["no-new-privileges=true"] : []),
  ];
}

function selinuxOptions(context: SELinuxContext | undefined): string[] {
  if (!context) return [];
  if (context.disable) return ["label=disable"];
  const parts = ["user", "role", "type", "level"] as const;
  return parts.filter(part => context[part] !== "").map(part => `label=${part}:${context[part]}`);
}

function seccompOptions(seccomp: SeccompOpts | undefined): string[] {
  if (!seccomp) return [];
  switch (seccomp.mode) {
    case SeccompMode.DEFAULT:
      return [];
    case SeccompMode.UNCONFINED:
      return ["seccomp=unconfined"];
    case SeccompMode.CUSTOM:
      return [`seccomp=${Buffer.from(seccomp.profile).toString()}`];
    default:
      seccomp.mode satisfies never;
      return [];
  }
}
