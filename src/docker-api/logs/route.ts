import { create } from "@bufbuild/protobuf";
import { asFault } from "../../lib/fault.ts";
import type { LogSelector, LogSubscriptionOptions } from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { LogSelectorSchema } from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { TaskSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type Answer, stream } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { HttpError, rpcText } from "../errors.ts";
import { findService, findTask } from "../lookup.ts";
import { flag } from "../query.ts";
import { isAtLeast } from "../versions.ts";
import { errorLine, type LineStyle, logLine } from "./frames.ts";
import { logOptions } from "./options.ts";

/** GET /services/{id}/logs: the lines of all its tasks, from whatever node they ran on. */
export async function serviceLogs(context: RouteContext): Promise<Answer> {
  const options = logOptions(context.query);
  const service = await findService(context.control(), context.params.id ?? "");
  return logStream(context, options, { serviceIds: [service.id] }, service.spec?.task);
}

/** GET /tasks/{id}/logs. */
export async function taskLogs(context: RouteContext): Promise<Answer> {
  const options = logOptions(context.query);
  const task = await findTask(context.control(), context.params.id ?? "");
  return logStream(context, options, { taskIds: [task.id] }, task.spec);
}

function logStream(
  context: RouteContext,
  options: LogSubscriptionOptions,
  selected: { readonly serviceIds?: string[]; readonly taskIds?: string[] },
  spec: TaskSpec | undefined,
): Answer {
  if (spec?.runtime.case !== "container") {
    throw new HttpError(400, "error making log selector: logs only supported on container tasks");
  }
  const framed = !spec.runtime.value.tty;
  const style = { framed, timestamps: flag(context.query, "timestamps"), details: flag(context.query, "details") };
  const multiplexed = framed && isAtLeast(context.version, "1.42");
  const type = `application/vnd.docker.${multiplexed ? "multiplexed" : "raw"}-stream`;
  return stream(type, lines(context, options, create(LogSelectorSchema, selected), style));
}

/** Ends when the logs do, or the client goes away. A fault on the way is told in the stream: its status is sent. */
async function* lines(
  { backend, signal }: RouteContext,
  options: LogSubscriptionOptions,
  selector: LogSelector,
  style: LineStyle,
): AsyncIterable<Uint8Array> {
  try {
    for await (const { messages } of backend.logs().subscribeLogs({ selector, options }, { signal })) {
      for (const message of messages) {
        const line = logLine(message, style);
        if (line) yield line;
      }
    }
  } catch (error) {
    if (!signal.aborted) yield errorLine(rpcText(asFault(error)), style);
  }
}
