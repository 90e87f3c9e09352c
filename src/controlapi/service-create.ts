import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { newMeta, type Service } from "../model/objects.ts";
import { serviceGrammars } from "../model/shoal-labels.ts";
import { toTimestamp } from "../model/time.ts";
import { ServiceSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type JobStatus, JobStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkDataExists } from "./data-references.ts";
import { checkLabels } from "./labels.ts";
import type { ControlApiParts, Methods } from "./parts.ts";
import { checkPortConflicts } from "./port-conflicts.ts";
import { checkNetworks } from "./service-networks.ts";
import { checkedServiceSpec, isJob } from "./service-spec.ts";

export function createService({ store, clock, random }: ControlApiParts): Methods<"createService"> {
  return {
    async createService(request) {
      const spec = checkedServiceSpec(request.spec);
      const service = await store.update(tx => {
        checkLabels(spec.annotations.labels, serviceGrammars);
        checkNetworks(tx, spec);
        checkPortConflicts(tx, spec.endpoint, "");
        checkDataExists(tx, spec.task);
        return tx.service.create(newService(newId(random), spec, clock.now()));
      });
      return { service };
    },
  };
}

function newService(id: string, spec: Service["spec"], nowMs: number): Service {
  return {
    ...create(ServiceSchema, { id, specVersion: {} }),
    meta: newMeta(),
    spec,
    ...(isJob(spec) && { jobStatus: nextJob(undefined, nowMs) }),
  };
}

/** The job as it starts (again): each update runs it once more. */
export function nextJob(current: JobStatus | undefined, nowMs: number): JobStatus {
  const index = current ? (current.jobIteration?.index ?? 0n) + 1n : 0n;
  return create(JobStatusSchema, { jobIteration: { index }, lastExecution: toTimestamp(nowMs) });
}
