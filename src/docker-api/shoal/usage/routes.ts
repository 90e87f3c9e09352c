import { Fault } from "../../../lib/fault.ts";
import { usagePeriodMs } from "../../../model/usage-history.ts";
import type { UsageMessage, UsageSeries, WatchUsageRequest } from "../../../wire/gen/shoal/v1/usage_pb.ts";
import { type Json, stream } from "../../answer.ts";
import type { RouteContext } from "../../context.ts";
import { HttpError } from "../../errors.ts";
import { requireManager } from "../../manager.ts";
import type { Route } from "../../route.ts";

/** Streams at a time: each has a stream of the leader's behind it. */
const maxStreams = 64;
/** Figures kept of a number: nobody sees a thousandth of a line's height. */
const digits = 4;

type Owner = WatchUsageRequest["of"];

/**
 * `GET /shoal/usage?service=ID` (or `node=ID`): what its tasks use, as server-sent events (WHATWG HTML 9.2) of JSON.
 * `usage`: the last hour, then each new sample: {PeriodMs, Total, Tasks: {ID: …}, LeftOut}, each a pair of equally long lists CPUs and Memory
 * (bytes), the newest last, null where it is not known. The stream ends when the leader changes: whoever asks again gets the hour anew.
 */
export function usageRoutes(): readonly Route[] {
  let open = 0;
  return [
    {
      method: "GET",
      path: "/shoal/usage",
      handler(context) {
        requireManager(context.backend.status());
        const of = ownerOf(context.query);
        if (open >= maxStreams)
          throw new Fault("unavailable", `Cannot stream usage: ${maxStreams} streams are open already`);
        open += 1;
        const closed = (): void => {
          open -= 1;
        };
        return stream("text/event-stream", events(context, of, closed));
      },
    },
  ];
}

function ownerOf(query: URLSearchParams): Owner {
  const [serviceId, nodeId] = [query.get("service") ?? "", query.get("node") ?? ""];
  if ((serviceId === "") === (nodeId === "")) throw new HttpError(400, "usage is of one service, or of one node");
  return serviceId === "" ? { case: "nodeId", value: nodeId } : { case: "serviceId", value: serviceId };
}

async function* events({ backend, signal }: RouteContext, of: Owner, closed: () => void): AsyncGenerator<string, void> {
  try {
    for await (const message of backend.usage().watch({ of }, { signal }))
      yield `event: usage\ndata: ${JSON.stringify(fromUsage(message))}\n\n`;
  } finally {
    closed();
  }
}

function fromUsage({ total, tasks, leftOut }: UsageMessage): Json {
  return {
    PeriodMs: usagePeriodMs,
    Total: fromSeries(total),
    Tasks: Object.fromEntries(tasks.map(({ taskId, series }) => [taskId, fromSeries(series)])),
    LeftOut: leftOut,
  };
}

function fromSeries(series: UsageSeries | undefined): Json {
  return {
    CPUs: (series?.cpus ?? []).map(value => (Number.isNaN(value) ? null : Number(value.toPrecision(digits)))),
    Memory: (series?.memoryBytes ?? []).map(value => (Number.isNaN(value) ? null : Math.round(value))),
  };
}
