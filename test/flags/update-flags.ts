import { inConfig, inContainerSpec, inHostConfig, inSpec } from "./places.ts";
import type { FlagGroup } from "./row.ts";
import { containerUpdates } from "./update-container.ts";
import { serviceUpdates } from "./update-service.ts";

/** Flags of `service update` that are used at once, on a service made for them. */
export interface UpdateGroup extends FlagGroup {
  /** What it is created with. */
  readonly given: readonly string[];
  /** An update before. */
  readonly before?: readonly string[];
}

const image = "busybox:latest";
const command = ["sleep", "1000"];

/** What the service of the update test is created with: something for every `-rm` to remove, and more that is to stay. */
const given: readonly string[] = [
  ...["--config=settings", "--secret=password", "--constraint=node.role==manager", "--constraint=node.os==linux"],
  ...["--container-label=old=1", "--container-label=kept=1", "--label=old=1", "--label=kept=1"],
  ...["--dns=10.1.1.1", "--dns=10.1.1.2", "--dns-option=ndots:2", "--dns-option=rotate"],
  ...["--dns-search=old.example", "--dns-search=kept.example", "--env=OLD=1", "--env=KEPT=1"],
  ...["--generic-resource=gpu=1", "--group=1001", "--group=1002", "--host=old:10.0.0.1", "--host=kept:10.0.0.2"],
  ...["--mount=type=tmpfs,target=/old", "--mount=type=tmpfs,target=/kept"],
  ...["--placement-pref=spread=node.labels.old", "--placement-pref=spread=node.labels.kept"],
  ...["--publish=mode=host,target=80,published=8180", "--publish=mode=host,target=81,published=8181"],
  ...["--sysctl=net.ipv4.ip_unprivileged_port_start=0", "--sysctl=net.ipv4.tcp_fin_timeout=30"],
  ...["--ulimit=nofile=100:200", "--ulimit=nproc=100:200", "--stop-signal=SIGKILL"],
];

/** Every flag of `docker service update`. */
export const updateGroups: readonly UpdateGroup[] = [
  { service: "changed", image, command, given, rows: [...containerUpdates, ...serviceUpdates] },
  {
    service: "job",
    image,
    command: ["true"],
    given: ["--mode=replicated-job", "--replicas=1"],
    rows: [
      {
        flag: "--max-concurrent",
        value: "2",
        spec: inSpec("Mode.ReplicatedJob.MaxConcurrent", 1),
        without: "docker CLI 28.2.2 does not send it with an update",
      },
    ],
  },
  {
    service: "alone",
    image: "REGISTRY/tiny:1",
    command,
    given: ["--network=host", "--health-cmd=true", "--stop-signal=SIGKILL"],
    rows: [
      { flag: "--network-rm", value: "host", container: inHostConfig("NetworkMode", "bridge") },
      {
        flag: "--no-healthcheck",
        spec: inContainerSpec("Healthcheck.Test", ["NONE"]),
        container: inConfig("Healthcheck.Test", ["NONE"]),
      },
      { flag: "--with-registry-auth", container: inHostConfig("NetworkMode", "bridge"), note: "pulls with the login" },
    ],
  },
  {
    service: "joined",
    image,
    command,
    given: ["--stop-signal=SIGKILL"],
    rows: [{ flag: "--network-add", value: "host", container: inHostConfig("NetworkMode", "host") }],
  },
  {
    service: "undone",
    image,
    command,
    given: ["--env=TRY=1", "--stop-signal=SIGKILL"],
    before: ["--env-add=TRY=2"],
    rows: [
      { flag: "--rollback", spec: inContainerSpec("Env", ["TRY=1"]), container: { at: "Config.Env", has: "TRY=1" } },
    ],
  },
  {
    service: "credentials",
    image,
    command,
    given: ["--stop-signal=SIGKILL"],
    rows: [
      {
        flag: "--credential-spec",
        value: "file://gmsa.json",
        refused: /credential specs are for Windows containers/,
      },
    ],
  },
];
