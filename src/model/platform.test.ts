import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { PlatformSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { platformFits } from "./platform.ts";

it.each([
  ["linux", "amd64", "linux", "x86_64", true],
  ["linux", "arm64", "linux", "aarch64", true],
  ["linux", "arm64", "linux", "x86_64", false],
  ["windows", "amd64", "linux", "amd64", false],
  ["", "", "linux", "riscv64", true],
  ["linux", "", "linux", "s390x", true],
])("%s/%s on %s/%s: %s", (os, architecture, nodeOs, nodeArchitecture, expected) => {
  const wanted = create(PlatformSchema, { os, architecture });
  expect(platformFits(wanted, create(PlatformSchema, { os: nodeOs, architecture: nodeArchitecture }))).toBe(expected);
});
