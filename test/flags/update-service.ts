import { inContainerSpec, inHostConfig, inSpec, inTask, second } from "./places.ts";
import type { FlagRow } from "./row.ts";

/** The other flags of `service update` that go together with them. */
export const serviceUpdates: readonly FlagRow[] = [
  { flag: "--detach", output: /^changed$/ },
  { flag: "--quiet", output: /^changed$/ },
  { flag: "--no-resolve-image", spec: inContainerSpec("Image", "busybox:second") },
  { flag: "--force", spec: inTask("ForceUpdate", 1) },
  { flag: "--constraint-add", value: "node.id!=x", spec: inTask("Placement.Constraints.0", "node.id!=x") },
  {
    flag: "--constraint-rm",
    value: "node.os==linux",
    spec: inTask("Placement.Constraints", ["node.id!=x", "node.role==manager"]),
  },
  { flag: "--endpoint-mode", value: "dnsrr", spec: inSpec("EndpointSpec.Mode", "dnsrr") },
  { flag: "--label-add", value: "new=1", spec: inSpec("Labels", { kept: "1", new: "1" }) },
  { flag: "--label-rm", value: "old", spec: inSpec("Labels", { kept: "1", new: "1" }) },
  {
    flag: "--placement-pref-add",
    value: "spread=node.labels.new",
    spec: inTask("Placement.Preferences.1.Spread.SpreadDescriptor", "node.labels.new"),
  },
  {
    flag: "--placement-pref-rm",
    value: "spread=node.labels.old",
    spec: inTask("Placement.Preferences.0.Spread.SpreadDescriptor", "node.labels.kept"),
  },
  {
    flag: "--publish-add",
    value: "mode=host,target=82,published=8182",
    spec: { at: "EndpointSpec.Ports", has: { TargetPort: 82, PublishedPort: 8182 } },
    container: { at: "HostConfig.PortBindings[82/tcp]", has: { HostPort: "8182" } },
  },
  {
    flag: "--publish-rm",
    value: "mode=host,target=80",
    spec: inSpec("EndpointSpec.Ports.2", undefined),
    container: inHostConfig("PortBindings[80/tcp]", undefined),
  },
  { flag: "--replicas", value: "1", spec: inSpec("Mode.Replicated.Replicas", 1) },
  { flag: "--replicas-max-per-node", value: "3", spec: inTask("Placement.MaxReplicas", 3) },
  { flag: "--restart-condition", value: "on-failure", spec: inTask("RestartPolicy.Condition", "on-failure") },
  { flag: "--restart-delay", value: "1s", spec: inTask("RestartPolicy.Delay", second) },
  { flag: "--restart-max-attempts", value: "3", spec: inTask("RestartPolicy.MaxAttempts", 3) },
  { flag: "--restart-window", value: "9s", spec: inTask("RestartPolicy.Window", 9 * second) },
  { flag: "--update-delay", value: "1s", spec: inSpec("UpdateConfig.Delay", second) },
  { flag: "--update-failure-action", value: "rollback", spec: inSpec("UpdateConfig.FailureAction", "rollback") },
  { flag: "--update-max-failure-ratio", value: "0.3", spec: inSpec("UpdateConfig.MaxFailureRatio", 0.3) },
  { flag: "--update-monitor", value: "2s", spec: inSpec("UpdateConfig.Monitor", 2 * second) },
  { flag: "--update-order", value: "stop-first", spec: inSpec("UpdateConfig.Order", "stop-first") },
  { flag: "--update-parallelism", value: "2", spec: inSpec("UpdateConfig.Parallelism", 2) },
  { flag: "--rollback-delay", value: "1s", spec: inSpec("RollbackConfig.Delay", second) },
  { flag: "--rollback-failure-action", value: "continue", spec: inSpec("RollbackConfig.FailureAction", "continue") },
  { flag: "--rollback-max-failure-ratio", value: "0.2", spec: inSpec("RollbackConfig.MaxFailureRatio", 0.2) },
  { flag: "--rollback-monitor", value: "2s", spec: inSpec("RollbackConfig.Monitor", 2 * second) },
  { flag: "--rollback-order", value: "start-first", spec: inSpec("RollbackConfig.Order", "start-first") },
  { flag: "--rollback-parallelism", value: "2", spec: inSpec("RollbackConfig.Parallelism", 2) },
];
