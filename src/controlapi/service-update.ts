import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { Service } from "../model/objects.ts";
import { serviceGrammars } from "../model/shoal-labels.ts";
import { toTimestamp } from "../model/time.ts";
import type { ReadTx } from "../store/tx.ts";
import { UpdateServiceRequest_Rollback as Rollback } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { UpdateStatus_UpdateState as State, UpdateStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkDataExists } from "./data-references.ts";
import { checkLabels } from "./labels.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { checkPortConflicts } from "./port-conflicts.ts";
import { nextJob } from "./service-create.ts";
import { checkNetworks } from "./service-networks.ts";
import { checkedServiceSpec } from "./service-spec.ts";
import { atVersion } from "./versioned.ts";

export function updateService({ store, clock }: ControlApiParts): Methods<"updateService"> {
  return {
    async updateService(request) {
      const id = required(request.serviceId);
      const version = required(request.serviceVersion);
      const spec = checkedServiceSpec(request.spec);
      const service = await store.update(tx => {
        const current = tx.service.get(id);
        if (!current) throw notFound("service", id);
        checkKept(current, spec);
        checkLabels(spec.annotations.labels, serviceGrammars, current.spec.annotations.labels);
        const back = request.rollback === Rollback.PREVIOUS;
        const next = back ? rolledBack(current, clock.now()) : replaced(current, spec);
        checkNew(tx, current, next.spec);
        return tx.service.update(atVersion(current.jobStatus ? runAgain(next, clock.now()) : next, version));
      });
      return { service };
    },
  };
}

/** The job as it starts once more. It is not rolled out, so it has no update's status either. */
function runAgain({ updateStatus: _, ...job }: Service, nowMs: number): Service {
  return { ...job, jobStatus: nextJob(job.jobStatus, nowMs) };
}

/** What an update may not change. The mode can: by removing the service and creating another. */
function checkKept({ spec: current }: Service, next: Service["spec"]): void {
  const moved = !same(next.networks, current.networks);
  if (moved && same(next.task.networks, current.task.networks))
    throw new Fault("unimplemented", "networks must be migrated to TaskSpec before being changed");
  if (next.mode.case !== current.mode.case) throw new Fault("unimplemented", "service mode change is not allowed");
  if (next.annotations.name !== current.annotations.name)
    throw new Fault("unimplemented", "renaming services is not supported");
}

/** What the cluster may have changed since, under a spec that is rolled back to as well. */
function checkNew(tx: ReadTx, current: Service, next: Service["spec"]): void {
  checkNetworks(tx, next);
  checkDataExists(tx, next.task);
  if (!same(next.endpoint, current.spec.endpoint)) checkPortConflicts(tx, next.endpoint, current.id);
}

/** The service with a new spec. Its spec's version is the service's before: only that it differs counts. */
function replaced(current: Service, spec: Service["spec"]): Service {
  const { updateStatus: _, ...rest } = current;
  return {
    ...rest,
    spec,
    ...(current.meta.version && { specVersion: current.meta.version }),
    previousSpec: current.spec,
    ...(current.specVersion && { previousSpecVersion: current.specVersion }),
  };
}

/** The service with its specs swapped, so that a second rollback undoes the first. */
function rolledBack(current: Service, nowMs: number): Service {
  const { previousSpec, previousSpecVersion, specVersion, ...rest } = current;
  if (!previousSpec) throw new Fault("failed_precondition", `service ${current.id} does not have a previous spec`);
  return {
    ...rest,
    spec: checkedServiceSpec(previousSpec),
    ...(previousSpecVersion && { specVersion: previousSpecVersion }),
    previousSpec: current.spec,
    ...(specVersion && { previousSpecVersion: specVersion }),
    updateStatus: create(UpdateStatusSchema, {
      state: State.ROLLBACK_STARTED,
      message: "manually requested rollback",
      startedAt: toTimestamp(nowMs),
    }),
  };
}
