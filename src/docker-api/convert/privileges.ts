import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  Privileges_AppArmorOpts_AppArmorMode as AppArmorMode,
  type Privileges,
  type Privileges_CredentialSpec,
  Privileges_CredentialSpecSchema,
  PrivilegesSchema,
  Privileges_SeccompOpts_SeccompMode as SeccompMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { HttpError } from "../errors.ts";
import { optionalBoolean, optionalString } from "../schema.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { invalid, Words } from "./words.ts";

const seccompModes = new Words<SeccompMode>({
  default: SeccompMode.DEFAULT,
  unconfined: SeccompMode.UNCONFINED,
  custom: SeccompMode.CUSTOM,
});

const appArmorModes = new Words<AppArmorMode>({ default: AppArmorMode.DEFAULT, disabled: AppArmorMode.DISABLED });

const credentialBody = Type.Object({ Config: optionalString, File: optionalString, Registry: optionalString });

export const privilegesBody = Type.Object({
  CredentialSpec: Type.Optional(credentialBody),
  SELinuxContext: Type.Optional(
    Type.Object({
      Disable: optionalBoolean,
      User: optionalString,
      Role: optionalString,
      Type: optionalString,
      Level: optionalString,
    }),
  ),
  Seccomp: Type.Optional(Type.Object({ Mode: optionalString, Profile: optionalString })),
  AppArmor: Type.Optional(Type.Object({ Mode: optionalString })),
  NoNewPrivileges: optionalBoolean,
});

export function toPrivileges(body: Static<typeof privilegesBody> | undefined): Privileges | undefined {
  if (!body) return undefined;
  const { SELinuxContext: selinux, Seccomp: seccomp, AppArmor: appArmor } = body;
  return create(PrivilegesSchema, {
    credentialSpec: body.CredentialSpec && toCredential(body.CredentialSpec),
    selinuxContext: selinux && {
      disable: selinux.Disable ?? false,
      user: selinux.User ?? "",
      role: selinux.Role ?? "",
      type: selinux.Type ?? "",
      level: selinux.Level ?? "",
    },
    seccomp: seccomp && {
      mode: seccompModes.valueOf(seccomp.Mode, SeccompMode.DEFAULT, invalid("Seccomp Mode")),
      profile: fromBase64(seccomp.Profile ?? ""),
    },
    apparmor: appArmor && {
      mode: appArmorModes.valueOf(appArmor.Mode, AppArmorMode.DEFAULT, invalid("AppArmor Mode")),
    },
    noNewPrivileges: body.NoNewPrivileges ?? false,
  });
}

function toCredential(body: Static<typeof credentialBody>): Privileges_CredentialSpec {
  const sources = (["config", "file", "registry"] as const)
    .map(name => ({
      name,
      value: body[({ config: "Config", file: "File", registry: "Registry" } as const)[name]] ?? "",
    }))
    .filter(source => source.value !== "");
  const [only, ...more] = sources;
  if (!only) throw credentialFault('must either provide "file", "registry", or "config" for credential spec');
  if (more.length > 0) {
    const names = sources.map(source => JSON.stringify(source.name));
    const last = names.pop();
    const comma = names.length > 1 ? "," : "";
    throw credentialFault(`cannot specify both ${names.join(", ")}${comma} and ${last} credential specs`);
  }
  return create(Privileges_CredentialSpecSchema, { source: { case: only.name, value: only.value } });
}

function credentialFault(reason: string): HttpError {
  return new HttpError(400, `invalid CredentialSpec: ${reason}`);
}

/** The first two members are null when they are not there; the newer ones are left out. */
export function fromPrivileges(privileges: Privileges): JsonObject {
  const { selinuxContext: selinux, seccomp, apparmor } = privileges;
  return omitEmpty({
    CredentialSpec: privileges.credentialSpec ? fromCredential(privileges.credentialSpec) : null,
    SELinuxContext: selinux
      ? {
          Disable: selinux.disable,
          User: selinux.user,
          Role: selinux.role,
          Type: selinux.type,
          Level: selinux.level,
        }
      : null,
    Seccomp: seccomp && omitEmpty({ Mode: seccompModes.wordOf(seccomp.mode), Profile: toBase64(seccomp.profile) }),
    AppArmor: apparmor && omitEmpty({ Mode: appArmorModes.wordOf(apparmor.mode) }),
    NoNewPrivileges: privileges.noNewPrivileges,
  });
}

function fromCredential({ source }: Privileges_CredentialSpec): JsonObject {
  const value = (name: typeof source.case) => (source.case === name ? (source.value ?? "") : "");
  return { Config: value("config"), File: value("file"), Registry: value("registry") };
}
