import type { Platform } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The names that kernels and other tools use for what images call otherwise (Go's GOARCH). */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  armhf: "arm",
  armel: "arm",
  armv6l: "arm",
  armv7l: "arm",
  i386: "386",
  i686: "386",
};

/** An architecture under one name, however it was spelt: nodes say `x86_64`, images `amd64`. */
export function normalArchitecture(architecture: string): string {
  const lower = architecture.toLowerCase();
  return ARCHITECTURES[lower] ?? lower;
}

/** Whether a node can run what was built for `wanted`. Parts that are empty match anything. */
export function platformFits(wanted: Platform, node: Platform): boolean {
  const os = wanted.os === "" || wanted.os.toLowerCase() === node.os.toLowerCase();
  const architecture =
    wanted.architecture === "" || normalArchitecture(wanted.architecture) === normalArchitecture(node.architecture);
  return os && architecture;
}
