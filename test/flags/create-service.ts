import { inSpec, inTask, second } from "./places.ts";
import type { FlagRow } from "./row.ts";

const schedulerTests = "its effect: `src/control/scheduler`";
const updaterTests = "its effect: `src/control`, `test/sim`";
const restartTests = "its effect: `src/control/restart.test.ts`";

/** Flags of `service create` that say how many tasks there are, where, and what becomes of them. */
export const serviceRows: readonly FlagRow[] = [
  { flag: "--name", value: "flags", spec: inSpec("Name", "flags") },
  { flag: "--label", value: "tier=front", spec: inSpec("Labels", { tier: "front" }) },
  { flag: "--detach", output: /^[0-9a-z]{25}$/ },
  { flag: "--quiet", output: /^[0-9a-z]{25}$/ },
  { flag: "--no-resolve-image", spec: inTask("ContainerSpec.Image", "busybox:latest") },
  {
    flag: "--constraint",
    value: "node.role==manager",
    spec: inTask("Placement.Constraints", ["node.role==manager"]),
    note: schedulerTests,
  },
  {
    flag: "--placement-pref",
    value: "spread=node.labels.az",
    spec: inTask("Placement.Preferences", [{ Spread: { SpreadDescriptor: "node.labels.az" } }]),
    note: schedulerTests,
  },
  {
    flag: "--replicas-max-per-node",
    value: "3",
    spec: inTask("Placement.MaxReplicas", 3),
    note: schedulerTests,
  },
  { flag: "--replicas", value: "1", spec: inSpec("Mode.Replicated.Replicas", 1) },
  { flag: "--endpoint-mode", value: "dnsrr", spec: inSpec("EndpointSpec.Mode", "dnsrr") },
  {
    flag: "--publish",
    value: "mode=host,target=80,published=8088,protocol=tcp",
    spec: inSpec("EndpointSpec.Ports", [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 8088, PublishMode: "host" }]),
    container: { at: "HostConfig.PortBindings", is: { "80/tcp": [{ HostIp: "", HostPort: "8088" }] } },
  },
  {
    flag: "--restart-condition",
    value: "on-failure",
    spec: inTask("RestartPolicy.Condition", "on-failure"),
    note: restartTests,
  },
  { flag: "--restart-delay", value: "1s", spec: inTask("RestartPolicy.Delay", second), note: restartTests },
  { flag: "--restart-max-attempts", value: "3", spec: inTask("RestartPolicy.MaxAttempts", 3), note: restartTests },
  { flag: "--restart-window", value: "9s", spec: inTask("RestartPolicy.Window", 9 * second), note: restartTests },
  { flag: "--update-delay", value: "1s", spec: inSpec("UpdateConfig.Delay", second), note: updaterTests },
  {
    flag: "--update-failure-action",
    value: "rollback",
    spec: inSpec("UpdateConfig.FailureAction", "rollback"),
    note: updaterTests,
  },
  {
    flag: "--update-max-failure-ratio",
    value: "0.3",
    spec: inSpec("UpdateConfig.MaxFailureRatio", 0.3),
    note: updaterTests,
  },
  { flag: "--update-monitor", value: "2s", spec: inSpec("UpdateConfig.Monitor", 2 * second), note: updaterTests },
  {
    flag: "--update-order",
    value: "start-first",
    spec: inSpec("UpdateConfig.Order", "start-first"),
    note: updaterTests,
  },
  { flag: "--update-parallelism", value: "2", spec: inSpec("UpdateConfig.Parallelism", 2), note: updaterTests },
  { flag: "--rollback-delay", value: "1s", spec: inSpec("RollbackConfig.Delay", second), note: updaterTests },
  {
    flag: "--rollback-failure-action",
    value: "continue",
    spec: inSpec("RollbackConfig.FailureAction", "continue"),
    note: updaterTests,
  },
  {
    flag: "--rollback-max-failure-ratio",
    value: "0.2",
    spec: inSpec("RollbackConfig.MaxFailureRatio", 0.2),
    note: updaterTests,
  },
  { flag: "--rollback-monitor", value: "2s", spec: inSpec("RollbackConfig.Monitor", 2 * second), note: updaterTests },
  {
    flag: "--rollback-order",
    value: "start-first",
    spec: inSpec("RollbackConfig.Order", "start-first"),
    note: updaterTests,
  },
  { flag: "--rollback-parallelism", value: "2", spec: inSpec("RollbackConfig.Parallelism", 2), note: updaterTests },
];
