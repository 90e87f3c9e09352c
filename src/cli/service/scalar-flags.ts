import { count, cpus, duration, ratio, size, words } from "../values.ts";

/** A flag of `service create` and `update` that says one thing. */
export interface ScalarFlag {
  /** As commander takes it. */
  readonly flags: string;
  readonly description: string;
  /** Where in the spec it goes. */
  readonly path: string;
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
}

const container = "TaskTemplate.ContainerSpec";
const resources = "TaskTemplate.Resources";
const policy = "TaskTemplate.RestartPolicy";

const oomScore = (text: string): number => (text.startsWith("-") ? -count(text.slice(1)) : count(text));
const shell = (text: string): string[] => ["CMD-SHELL", text];

export const scalarFlags: readonly ScalarFlag[] = [
  {
    flags: "--credential-spec <spec>",
    description: "for Windows: config://, file:// or registry://NAME",
    path: `${container}.Privileges.CredentialSpec`,
    parse: credentialSpec,
  },
  {
    flags: "--endpoint-mode <mode>",
    description: "how the name resolves",
    path: "EndpointSpec.Mode",
    choices: ["vip", "dnsrr"],
  },
  {
    flags: "--entrypoint <command>",
    description: "instead of the image's",
    path: `${container}.Command`,
    parse: words,
  },
  {
    flags: "--health-cmd <command>",
    description: "tells whether a task is well",
    path: `${container}.Healthcheck.Test`,
    parse: shell,
  },
  {
    flags: "--health-interval <duration>",
    description: "time between two checks",
    path: `${container}.Healthcheck.Interval`,
    parse: duration,
  },
  {
    flags: "--health-retries <n>",
    description: "failures in a row that make a task unhealthy",
    path: `${container}.Healthcheck.Retries`,
    parse: count,
  },
  {
    flags: "--health-start-interval <duration>",
    description: "time between two checks at the start",
    path: `${container}.Healthcheck.StartInterval`,
    parse: duration,
  },
  {
    flags: "--health-start-period <duration>",
    description: "time in which failures do not count",
    path: `${container}.Healthcheck.StartPeriod`,
    parse: duration,
  },
  {
    flags: "--health-timeout <duration>",
    description: "most time for a check",
    path: `${container}.Healthcheck.Timeout`,
    parse: duration,
  },
  { flags: "--hostname <name>", description: "of the containers", path: `${container}.Hostname` },
  { flags: "--isolation <mode>", description: "for Windows", path: `${container}.Isolation` },
  {
    flags: "--limit-cpu <cpus>",
    description: "most CPUs of a task",
    path: `${resources}.Limits.NanoCPUs`,
    parse: cpus,
  },
  {
    flags: "--limit-memory <size>",
    description: "most memory of a task",
    path: `${resources}.Limits.MemoryBytes`,
    parse: size,
  },
  {
    flags: "--limit-pids <n>",
    description: "most processes of a task; 0 for any number",
    path: `${resources}.Limits.Pids`,
    parse: count,
  },
  { flags: "--log-driver <name>", description: "where logs go", path: "TaskTemplate.LogDriver.Name" },
  {
    flags: "--oom-score-adj <n>",
    description: "from -1000 to 1000: who goes first when memory runs out",
    path: `${container}.OomScoreAdj`,
    parse: oomScore,
  },
  {
    flags: "--replicas-max-per-node <n>",
    description: "0 for any number",
    path: "TaskTemplate.Placement.MaxReplicas",
    parse: count,
  },
  {
    flags: "--reserve-cpu <cpus>",
    description: "CPUs that a node must have free",
    path: `${resources}.Reservations.NanoCPUs`,
    parse: cpus,
  },
  {
    flags: "--reserve-memory <size>",
    description: "memory that a node must have free",
    path: `${resources}.Reservations.MemoryBytes`,
    parse: size,
  },
  {
    flags: "--restart-condition <when>",
    description: "when a task that ended is replaced",
    path: `${policy}.Condition`,
    choices: ["none", "on-failure", "any"],
  },
  {
    flags: "--restart-delay <duration>",
    description: "before it is replaced",
    path: `${policy}.Delay`,
    parse: duration,
  },
  { flags: "--restart-max-attempts <n>", description: "0 for any number", path: `${policy}.MaxAttempts`, parse: count },
  {
    flags: "--restart-window <duration>",
    description: "in which attempts are counted",
    path: `${policy}.Window`,
    parse: duration,
  },
  ...updateFlags("rollback", "RollbackConfig", ["pause", "continue"]),
  {
    flags: "--stop-grace-period <duration>",
    description: "before a task that does not stop is killed",
    path: `${container}.StopGracePeriod`,
    parse: duration,
  },
  { flags: "--stop-signal <signal>", description: "that asks a task to stop", path: `${container}.StopSignal` },
  ...updateFlags("update", "UpdateConfig", ["pause", "continue", "rollback"]),
  { flags: "-u, --user <user>", description: "NAME|UID[:GROUP|GID]", path: `${container}.User` },
  { flags: "-w, --workdir <directory>", description: "in the container", path: `${container}.Dir` },
];

/** Flags that are true, or false as `--FLAG=false`. */
export const booleanFlags: readonly ScalarFlag[] = [
  { flags: "--init", description: "an init as the first process", path: `${container}.Init` },
  { flags: "--read-only", description: "the root file system cannot be written", path: `${container}.ReadOnly` },
  { flags: "-t, --tty", description: "a terminal for each container", path: `${container}.TTY` },
];

function updateFlags(word: "update" | "rollback", config: string, actions: readonly string[]): ScalarFlag[] {
  const what = word === "update" ? "an update" : "a rollback";
  return [
    {
      flags: `--${word}-delay <duration>`,
      description: `between tasks in ${what}`,
      path: `${config}.Delay`,
      parse: duration,
    },
    {
      flags: `--${word}-failure-action <action>`,
      description: `when ${what} fails`,
      path: `${config}.FailureAction`,
      choices: actions,
    },
    {
      flags: `--${word}-max-failure-ratio <ratio>`,
      description: "share of tasks that may fail, from 0 to 1",
      path: `${config}.MaxFailureRatio`,
      parse: ratio,
    },
    {
      flags: `--${word}-monitor <duration>`,
      description: "how long each new task is watched",
      path: `${config}.Monitor`,
      parse: duration,
    },
    {
      flags: `--${word}-order <order>`,
      description: "which goes first",
      path: `${config}.Order`,
      choices: ["start-first", "stop-first"],
    },
    {
      flags: `--${word}-parallelism <n>`,
      description: "tasks at a time; 0 for all at once",
      path: `${config}.Parallelism`,
      parse: count,
    },
  ];
}

/** `config://NAME`, `file://PATH` or `registry://KEY`; configs are looked up by name later. */
function credentialSpec(text: string): object {
  const [, kind, value] = /^(config|file|registry):\/\/(.+)$/.exec(text) ?? [];
  if (kind === "config") return { Config: value };
  return kind === "file" ? { File: value } : { Registry: value ?? text };
}
