import { describe, expect, it } from "vitest";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, words } from "./decisions.test-kit.ts";
import { aService, aTask } from "./objects.test-kit.ts";
import { decideUnservedJob } from "./unserved-job.ts";

const { SHUTDOWN, ORPHANED } = TaskState;

describe("decideUnservedJob", () => {
  it("explains each version of the service once", () => {
    const service = aService("j", { job: true });
    const first = decideUnservedJob({ service, mode: "replicated-job", tasks: [] }, context());
    expect(words(first, [])).toEqual(["+1 SHUTDOWN"]);
    const tasks = [aTask(service, "a", { state: ORPHANED, desired: SHUTDOWN })];
    expect(decideUnservedJob({ service, mode: "replicated-job", tasks }, context()).writes).toEqual([]);
  });
});
