import { containerRows } from "./create-container.ts";
import { serviceRows } from "./create-service.ts";
import { inConfig, inContainerSpec, inHostConfig, inSpec } from "./places.ts";
import type { FlagGroup } from "./row.ts";

const sleep = ["sleep", "1000"];
const kill = { flag: "--stop-signal", value: "SIGKILL" };

/** Every flag of `docker service create`. Those that exclude each other are on services of their own. */
export const createGroups: readonly FlagGroup[] = [
  {
    service: "flags",
    image: "busybox:latest",
    command: ["echo to stdout; sleep 1000"],
    rows: [...containerRows, ...serviceRows],
  },
  {
    service: "global",
    image: "busybox:latest",
    command: sleep,
    rows: [
      { flag: "--mode", value: "global", spec: inSpec("Mode", { Global: {} }) },
      { flag: "--tty", spec: inContainerSpec("TTY", true), container: inConfig("Tty", true) },
      {
        flag: "--no-healthcheck",
        spec: inContainerSpec("Healthcheck.Test", ["NONE"]),
        container: inConfig("Healthcheck.Test", ["NONE"]),
      },
      {
        flag: "--network",
        value: "host",
        spec: { at: "TaskTemplate.Networks.0.Target", like: /^[0-9a-z]{25}$/ },
        container: inHostConfig("NetworkMode", "host"),
      },
      { flag: "--endpoint-mode", value: "vip", spec: inSpec("EndpointSpec.Mode", "vip") },
      kill,
    ],
  },
  {
    service: "meshed",
    image: "busybox:latest",
    command: sleep,
    rows: [
      {
        flag: "--network",
        value: "name=ov,alias=also",
        spec: { at: "TaskTemplate.Networks", has: { Aliases: ["also"] } },
        note: "its effect: `test/e2e/network.test.ts`",
      },
      {
        flag: "--publish",
        value: "8089:80/udp",
        spec: inSpec("EndpointSpec.Ports", [
          { Protocol: "udp", TargetPort: 80, PublishedPort: 8089, PublishMode: "ingress" },
        ]),
        note: "its effect: `test/e2e/network.test.ts`",
      },
      kill,
    ],
  },
  {
    service: "job",
    image: "busybox:latest",
    command: ["true"],
    rows: [
      { flag: "--mode", value: "replicated-job" },
      { flag: "--replicas", value: "2", spec: inSpec("Mode.ReplicatedJob.TotalCompletions", 2) },
      { flag: "--max-concurrent", value: "1", spec: inSpec("Mode.ReplicatedJob.MaxConcurrent", 1) },
    ],
  },
  {
    service: "job-everywhere",
    image: "busybox:latest",
    command: ["true"],
    rows: [{ flag: "--mode", value: "global-job", spec: inSpec("Mode", { GlobalJob: {} }) }],
  },
  {
    service: "private",
    image: "REGISTRY/tiny:1",
    command: sleep,
    rows: [
      {
        flag: "--with-registry-auth",
        spec: { at: "TaskTemplate.ContainerSpec.Image", like: /^127\.0\.0\.1:\d+\/tiny:1@sha256:[0-9a-f]{64}$/ },
        container: { at: "Config.Image", like: /^127\.0\.0\.1:\d+\/tiny:1@sha256:[0-9a-f]{64}$/ },
        note: "the digest is resolved by the node's engine; workers get the credentials with the task",
      },
      kill,
    ],
  },
  refusedBy("credentials", "--credential-spec", "file://gmsa.json", /credential specs are for Windows containers/),
  refusedBy("isolated", "--isolation", "hyperv", /linux only supports 'default'/),
  refusedBy(
    "clustered",
    "--mount",
    "type=cluster,source=x,target=/x",
    /cannot fulfill requested CSI volume mounts on 1 node/,
  ),
];

/** A service whose task no node of ours takes. */
function refusedBy(service: string, flag: string, value: string, refused: RegExp): FlagGroup {
  return { service, image: "busybox:latest", command: sleep, rows: [{ flag, value, refused }] };
}
