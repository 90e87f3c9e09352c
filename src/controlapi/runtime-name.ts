import type { TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";

/** What the runtime filter calls a task's runtime: `container`, `attachment` or the kind of a plugin. */
export function runtimeName({ runtime }: TaskSpec): string {
  switch (runtime.case) {
    case "container":
    case "attachment":
      return runtime.case;
    case "generic":
      return runtime.value.kind.toLowerCase();
    case undefined:
      return "";
    default:
      return runtime satisfies never;
  }
}
