import { describe, expect, it } from "vitest";
import { controlGroup, usageV1, usageV2 } from "./control-group.ts";

const id = "ab12".repeat(16);

describe("the control group of a container", () => {
  it.each([
    [
      "version 1, controllers together",
      `5:memory:/docker/${id}\n4:cpu,cpuacct:/docker/${id}\n1:name=systemd:/docker/${id}\n`,
      { version: "v1", cpu: `/sys/fs/cgroup/cpuacct/docker/${id}`, memory: `/sys/fs/cgroup/memory/docker/${id}` },
    ],
    [
      "version 2 under systemd",
      `0::/system.slice/docker-${id}.scope\n`,
      { version: "v2", directory: `/sys/fs/cgroup/system.slice/docker-${id}.scope` },
    ],
    ["a process that is not the container's", "0::/user.slice/user-0.slice\n", undefined],
    ["a process that is gone", "", undefined],
  ])("is found: %s", (_, text, expected) => expect(controlGroup(text, id)).toEqual(expected));

  it("tells its usage in version 1", () => {
    const stat = "cache 900\ninactive_file 3\ntotal_inactive_file 400\n";
    expect(usageV1("2500000000\n", "1000\n", stat)).toEqual({ cpuSeconds: 2.5, memoryBytes: 600 });
  });

  it("tells its usage in version 2", () => {
    const usage = usageV2("usage_usec 2500000\nuser_usec 1\n", "1000\n", "anon 1\ninactive_file 400\n");
    expect(usage).toEqual({ cpuSeconds: 2.5, memoryBytes: 600 });
  });

  it("knows nothing of what cannot be read", () => {
    const nothing = { cpuSeconds: undefined, memoryBytes: undefined };
    expect([usageV1("", "", ""), usageV2("", "", "")]).toEqual([nothing, nothing]);
  });
});
