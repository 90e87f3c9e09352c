import { describe, expect, it } from "vitest";
import { parseVersion } from "../versions.ts";
import { dropNewerMembers } from "./older-client.ts";
import type { ServiceSpecBody } from "./service-spec.ts";

const file = { Name: "f" };
const whole = (): ServiceSpecBody => ({
  TaskTemplate: {
    ContainerSpec: {
      Image: "busybox",
      Sysctls: { a: "b" },
      CapabilityAdd: ["NET_ADMIN"],
      CapabilityDrop: ["CHOWN"],
      Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
      Privileges: {
        CredentialSpec: { Config: "c", File: "f" },
        Seccomp: { Mode: "unconfined" },
        AppArmor: { Mode: "disabled" },
        NoNewPrivileges: true,
      },
      Configs: [
        { ConfigID: "1", File: file },
        { ConfigID: "2", Runtime: {} },
      ],
      Mounts: [{ Type: "bind" }, { Type: "tmpfs", TmpfsOptions: { SizeBytes: 5, Options: [["uid", "1"]] } }],
      Healthcheck: { Retries: 1, StartInterval: 5 },
      OomScoreAdj: 5,
    },
    Resources: { Limits: { Pids: 5, NanoCPUs: 1 } },
    Placement: { MaxReplicas: 2, Constraints: ["a==b"] },
  },
  Mode: { ReplicatedJob: {} },
});

function leftFor(version: string): ServiceSpecBody {
  const body = whole();
  dropNewerMembers(body, parseVersion(version));
  return body;
}

describe("what an older client is taken to mean", () => {
  it("is everything at the newest version", () => {
    expect(leftFor("1.50")).toEqual(whole());
  });

  it("is no option that came after its version", () => {
    const at145 = leftFor("1.45").TaskTemplate?.ContainerSpec;
    expect(at145?.OomScoreAdj).toBeUndefined();
    expect(at145?.Mounts?.[1]?.TmpfsOptions).toEqual({ SizeBytes: 5 });
    expect(at145?.Healthcheck?.StartInterval).toBe(5);
    const at143 = leftFor("1.43").TaskTemplate?.ContainerSpec;
    expect(at143?.Healthcheck).toEqual({ Retries: 1 });
    expect(at143?.Privileges).toEqual({ CredentialSpec: { Config: "c", File: "f" } });
    expect(at143?.Ulimits).toHaveLength(1);
    expect(leftFor("1.41").Mode).toEqual({ ReplicatedJob: {} });
  });

  it("is what services could do at first", () => {
    expect(leftFor("1.30")).toEqual({
      TaskTemplate: {
        ContainerSpec: {
          Image: "busybox",
          Privileges: { CredentialSpec: { File: "f" } },
          Configs: [{ ConfigID: "1", File: file }, { ConfigID: "2" }],
          Mounts: [{ Type: "bind" }, { Type: "tmpfs", TmpfsOptions: { SizeBytes: 5 } }],
          Healthcheck: { Retries: 1 },
        },
        Resources: { Limits: { NanoCPUs: 1 } },
        Placement: { Constraints: ["a==b"] },
      },
      Mode: {},
    });
  });

  it("is nothing of a body that is nearly empty", () => {
    const body: ServiceSpecBody = { Name: "a" };
    dropNewerMembers(body, parseVersion("1.24"));
    expect(body).toEqual({ Name: "a" });
  });
});
