import { describe, expect, it } from "vitest";
import { checkShape } from "../schema.ts";
import { containerBody, fromContainer, toContainer } from "./container.ts";

const normalForm = (body: unknown) => fromContainer(toContainer(checkShape(containerBody, structuredClone(body)), 0n));

function refusal(body: unknown): string {
  try {
    normalForm(body);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("a container's spec", () => {
  it.each<[what: string, sent: object, back: object]>([
    ["an empty one", {}, {}],
    ["init given", { Init: true }, { Init: true }],
    ["init refused", { Init: false }, { Init: false }],
    ["no grace at all", { StopGracePeriod: 0 }, { StopGracePeriod: 0 }],
    ["a year of grace", { StopGracePeriod: 31536000000000000 }, { StopGracePeriod: 31536000000000000 }],
    ["empty lists and maps", { Env: [], Labels: {}, Mounts: [], Secrets: [], Ulimits: [], Sysctls: {} }, {}],
    ["dns without words", { DNSConfig: {} }, { DNSConfig: {} }],
    ["no privileges to speak of", { Privileges: {} }, { Privileges: { CredentialSpec: null, SELinuxContext: null } }],
    [
      "new privileges forbidden",
      { Privileges: { NoNewPrivileges: true, AppArmor: {}, Seccomp: { Mode: "custom", Profile: "e30=" } } },
      {
        Privileges: {
          CredentialSpec: null,
          SELinuxContext: null,
          Seccomp: { Mode: "custom", Profile: "e30=" },
          AppArmor: { Mode: "default" },
          NoNewPrivileges: true,
        },
      },
    ],
    [
      "a credential file",
      { Privileges: { CredentialSpec: { File: "f" }, SELinuxContext: { Disable: true } } },
      {
        Privileges: {
          CredentialSpec: { Config: "", File: "f", Registry: "" },
          SELinuxContext: { Disable: true, User: "", Role: "", Type: "", Level: "" },
        },
      },
    ],
    ["an isolation of the other system", { Isolation: "hyperv" }, { Isolation: "hyperv" }],
    ["an isolation nobody knows", { Isolation: "bogus" }, { Isolation: "default" }],
    [
      "limits of the shell",
      { Ulimits: [{ Name: "memlock", Hard: -1 }] },
      { Ulimits: [{ Name: "memlock", Hard: -1, Soft: 0 }] },
    ],
    ["a health check that is off", { Healthcheck: { Test: ["NONE"] } }, { Healthcheck: { Test: ["NONE"] } }],
    ["a mount of nothing", { Mounts: [{}] }, { Mounts: [{ Type: "bind" }] }],
    ["bind options that say nothing", { Mounts: [{ BindOptions: {} }] }, { Mounts: [{ Type: "bind" }] }],
    [
      "bind options",
      { Mounts: [{ Type: "BIND", BindOptions: { NonRecursive: true } }] },
      { Mounts: [{ Type: "bind", BindOptions: { Propagation: "rprivate", NonRecursive: true } }] },
    ],
    [
      "a volume with the engine's defaults",
      { Mounts: [{ Type: "volume", VolumeOptions: {} }] },
      { Mounts: [{ Type: "volume", VolumeOptions: {} }] },
    ],
    [
      "a part of a volume",
      { Mounts: [{ Type: "volume", VolumeOptions: { Subpath: "a", DriverConfig: { Name: "local" } } }] },
      { Mounts: [{ Type: "volume", VolumeOptions: { Subpath: "a", DriverConfig: { Name: "local" } } }] },
    ],
    [
      "memory as a disk",
      { Mounts: [{ Type: "tmpfs", TmpfsOptions: { SizeBytes: 5, Mode: 0o755, Options: [["noexec"], ["uid", "1"]] } }] },
      { Mounts: [{ Type: "tmpfs", TmpfsOptions: { SizeBytes: 5, Mode: 0o755, Options: [["noexec"], ["uid", "1"]] } }] },
    ],
    [
      "a volume of the cluster",
      { Mounts: [{ Type: "cluster", ClusterOptions: {} }] },
      { Mounts: [{ Type: "cluster" }] },
    ],
    [
      "a config that is not a file",
      { Configs: [{ Runtime: {}, ConfigID: "i", ConfigName: "n" }] },
      { Configs: [{ Runtime: {}, ConfigID: "i", ConfigName: "n" }] },
    ],
  ])("keeps %s", (_, sent, back) => {
    expect(normalForm(sent)).toEqual({ Isolation: "default", ...back });
  });

  it.each<[text: string, body: object]>([
    ['invalid MountType: "image"', { Mounts: [{ Type: "image" }] }],
    ['invalid MountPropagation: "Bogus"', { Mounts: [{ BindOptions: { Propagation: "Bogus" } }] }],
    ["invalid Config: either File or Runtime should be set", { Configs: [{}] }],
    ["invalid Config: cannot specify both File and Runtime", { Configs: [{ File: {}, Runtime: {} }] }],
    [
      'invalid CredentialSpec: must either provide "file", "registry", or "config" for credential spec',
      { Privileges: { CredentialSpec: {} } },
    ],
    [
      'invalid CredentialSpec: cannot specify both "config" and "file" credential specs',
      { Privileges: { CredentialSpec: { Config: "a", File: "b" } } },
    ],
    [
      'invalid CredentialSpec: cannot specify both "config", "file", and "registry" credential specs',
      { Privileges: { CredentialSpec: { Config: "a", File: "b", Registry: "c" } } },
    ],
    ["illegal base64 data at input byte 1", { Privileges: { Seccomp: { Profile: "a?" } } }],
    [
      "json: cannot unmarshal number 4294967296 into Go struct field Secrets.0.File.Mode of type uint32",
      { Secrets: [{ File: { Mode: 2 ** 32 } }] },
    ],
    [
      "json: cannot unmarshal number 0.5 into Go struct field StopGracePeriod of type time.Duration",
      { StopGracePeriod: 0.5 },
    ],
  ])("refuses with %s", (text, body) => {
    expect(refusal(body)).toBe(text);
  });

  it("shows no tmpfs options that somebody else wrote in another form", () => {
    const wire = toContainer({ Mounts: [{ Type: "tmpfs", TmpfsOptions: { SizeBytes: 1 } }] }, 0n);
    for (const options of ["", "null", "uid=1", '{"a":1}', "[1]"]) {
      const tmpfsOptions = { ...wire.mounts[0]!.tmpfsOptions!, options };
      const mounts = [{ ...wire.mounts[0]!, tmpfsOptions }];
      expect(fromContainer({ ...wire, mounts })).toMatchObject({ Mounts: [{ TmpfsOptions: { SizeBytes: 1 } }] });
      expect(JSON.stringify(fromContainer({ ...wire, mounts }))).not.toContain('Options":[');
    }
  });
});
