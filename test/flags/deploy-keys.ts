import { inLimits, inReservations, inSpec, inTask, second } from "./places.ts";
import type { DeployRow } from "./row.ts";

/** A stack file that says everything `deploy` can say. */
export const deployStack = `version: "3.13"
services:
  web:
    image: busybox:latest
    command: ["sleep", "1000"]
    stop_signal: SIGKILL
    deploy:
      mode: replicated
      replicas: 2
      endpoint_mode: dnsrr
      labels: { tier: front }
      update_config:
        { parallelism: 2, delay: 1s, failure_action: rollback, monitor: 2s, max_failure_ratio: 0.3, order: start-first }
      rollback_config:
        { parallelism: 3, delay: 2s, failure_action: continue, monitor: 3s, max_failure_ratio: 0.2, order: start-first }
      resources:
        limits: { cpus: "0.5", memory: 64M, pids: 50 }
        reservations:
          cpus: "0.1"
          memory: 8M
          generic_resources: [{ discrete_resource_spec: { kind: gpu, value: 1 } }]
      restart_policy: { condition: on-failure, delay: 1s, max_attempts: 3, window: 9s }
      placement:
        constraints: ["node.role==manager"]
        preferences: [{ spread: node.labels.az }]
        max_replicas_per_node: 3
`;

/** Every key of compose v3's \`deploy\`, as that file has them. */
export const deployRows: readonly DeployRow[] = [
  { key: "mode", spec: inSpec("Mode", { Replicated: { Replicas: 2 } }) },
  { key: "replicas", spec: inSpec("Mode.Replicated.Replicas", 2) },
  { key: "endpoint_mode", spec: inSpec("EndpointSpec.Mode", "dnsrr") },
  { key: "labels", spec: inSpec("Labels[tier]", "front") },
  { key: "update_config.parallelism", spec: inSpec("UpdateConfig.Parallelism", 2) },
  { key: "update_config.delay", spec: inSpec("UpdateConfig.Delay", second) },
  { key: "update_config.failure_action", spec: inSpec("UpdateConfig.FailureAction", "rollback") },
  { key: "update_config.monitor", spec: inSpec("UpdateConfig.Monitor", 2 * second) },
  { key: "update_config.max_failure_ratio", spec: inSpec("UpdateConfig.MaxFailureRatio", 0.3) },
  { key: "update_config.order", spec: inSpec("UpdateConfig.Order", "start-first") },
  { key: "rollback_config.parallelism", spec: inSpec("RollbackConfig.Parallelism", 3) },
  { key: "rollback_config.delay", spec: inSpec("RollbackConfig.Delay", 2 * second) },
  { key: "rollback_config.failure_action", spec: inSpec("RollbackConfig.FailureAction", "continue") },
  { key: "rollback_config.monitor", spec: inSpec("RollbackConfig.Monitor", 3 * second) },
  { key: "rollback_config.max_failure_ratio", spec: inSpec("RollbackConfig.MaxFailureRatio", 0.2) },
  { key: "rollback_config.order", spec: inSpec("RollbackConfig.Order", "start-first") },
  { key: "resources.limits.cpus", spec: inLimits("NanoCPUs", second / 2) },
  { key: "resources.limits.memory", spec: inLimits("MemoryBytes", 64 << 20) },
  { key: "resources.limits.pids", spec: inLimits("Pids", 50) },
  { key: "resources.reservations.cpus", spec: inReservations("NanoCPUs", second / 10) },
  { key: "resources.reservations.memory", spec: inReservations("MemoryBytes", 8 << 20) },
  {
    key: "resources.reservations.generic_resources.discrete_resource_spec.kind",
    spec: inReservations("GenericResources.0.DiscreteResourceSpec.Kind", "gpu"),
  },
  {
    key: "resources.reservations.generic_resources.discrete_resource_spec.value",
    spec: inReservations("GenericResources.0.DiscreteResourceSpec.Value", 1),
  },
  { key: "restart_policy.condition", spec: inTask("RestartPolicy.Condition", "on-failure") },
  { key: "restart_policy.delay", spec: inTask("RestartPolicy.Delay", second) },
  { key: "restart_policy.max_attempts", spec: inTask("RestartPolicy.MaxAttempts", 3) },
  { key: "restart_policy.window", spec: inTask("RestartPolicy.Window", 9 * second) },
  { key: "placement.constraints", spec: inTask("Placement.Constraints", ["node.role==manager"]) },
  {
    key: "placement.preferences.spread",
    spec: inTask("Placement.Preferences.0.Spread.SpreadDescriptor", "node.labels.az"),
  },
  { key: "placement.max_replicas_per_node", spec: inTask("Placement.MaxReplicas", 3) },
];
