import { Fault } from "../lib/fault.ts";
import { parseConstraints } from "../model/constraint.ts";
import type { GenericRuntimeSpec, TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Resources, RestartPolicy } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkContainerSpec } from "./container-spec.ts";
import { checkConfigTargets, checkSecretTargets } from "./data-references.ts";
import { isNegative } from "./durations.ts";
import { goFloat, goQuote } from "./go-text.ts";
import { invalidArgument } from "./parts.ts";

/** The least of a CPU that can be limited or reserved: 0.001. */
const minNanoCpus = 1_000_000n;
/** The least memory that a container can run with. */
const minMemoryBytes = 4n * 1024n * 1024n;
/** Names of runtimes that a plugin cannot take. */
const reservedKinds = ["container", "attachment"];
const minKindLength = 3;

/** Checks a task template. Faults have SwarmKit's texts; constraints that cannot be read are "unknown" there, and here. */
export function checkTaskSpec(spec: TaskSpec): void {
  checkResources(spec.resources?.limits);
  checkResources(spec.resources?.reservations);
  checkRestartPolicy(spec.restart);
  parseConstraints(spec.placement?.constraints ?? []);
  checkSecretTargets(spec);
  checkConfigTargets(spec);
  const { runtime } = spec;
  switch (runtime.case) {
    case "container":
      checkContainerSpec(runtime.value);
      break;
    case "generic":
      checkGenericRuntime(runtime.value);
      break;
    case "attachment":
      throw new Fault("unimplemented", "RuntimeSpec: unimplemented runtime in service spec");
    case undefined:
      throw invalidArgument("TaskSpec: missing runtime");
    default:
      runtime satisfies never;
  }
}

function checkResources(resources: Resources | undefined): void {
  if (!resources) return;
  const { nanoCpus, memoryBytes } = resources;
  if (nanoCpus !== 0n && nanoCpus < minNanoCpus) {
    const [given, least] = [nanoCpus, minNanoCpus].map(cpus => goFloat(Number(cpus) / 1e9));
    throw invalidArgument(`invalid cpu value ${given}: Must be at least ${least}`);
  }
  if (memoryBytes !== 0n && memoryBytes < minMemoryBytes)
    throw invalidArgument(`invalid memory value ${memoryBytes}: Must be at least 4MiB`);
}

function checkRestartPolicy(policy: RestartPolicy | undefined): void {
  if (isNegative(policy?.delay)) throw invalidArgument("TaskSpec: restart-delay cannot be negative");
  if (isNegative(policy?.window)) throw invalidArgument("TaskSpec: restart-window cannot be negative");
}

function checkGenericRuntime({ kind, payload }: GenericRuntimeSpec): void {
  if (kind.length < minKindLength) throw invalidArgument(`Generic runtime: Invalid name ${goQuote(kind)}`);
  if (reservedKinds.includes(kind.toLowerCase()))
    throw invalidArgument(`Generic runtime: ${goQuote(kind)} is a reserved name`);
  if (!payload) throw invalidArgument("Generic runtime is missing payload");
  if (payload.typeUrl === "") throw invalidArgument("Generic runtime is missing payload type");
  if (payload.value.length === 0) throw invalidArgument("Generic runtime has an empty payload");
}
