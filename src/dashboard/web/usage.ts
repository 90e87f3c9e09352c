import { useEffect, useState } from "preact/hooks";
import { type Usage, type UsageNews, withNews } from "./model/usage.ts";

/** Milliseconds before a stream that broke is asked for again: the leader has changed, or the service is gone. */
const retryMs = 3_000;

/** Whose usage: one service's or one node's. */
export interface UsageOf {
  readonly of: "service" | "node";
  readonly id: string;
}

/** What is used, as it is told; undefined until something was heard. */
export function useUsage({ of, id }: UsageOf): Usage | undefined {
  const [usage, setUsage] = useState<Usage>();
  useEffect(() => followUsage({ of, id }, setUsage), [of, id]);
  return usage;
}

/** Follows until the returned function is called. Each stream begins with the whole hour. */
function followUsage({ of, id }: UsageOf, show: (usage: Usage | undefined) => void): () => void {
  let stream: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const connect = (): void => {
    let known: Usage | undefined;
    stream = new EventSource(`/api/shoal/usage?${of}=${encodeURIComponent(id)}`);
    stream.addEventListener("usage", event => {
      known = withNews(known, JSON.parse(event.data) as UsageNews, Date.now());
      show(known);
    });
    stream.addEventListener("error", () => {
      stream?.close();
      retry = setTimeout(connect, retryMs);
    });
  };
  show(undefined);
  connect();
  return () => {
    stream?.close();
    clearTimeout(retry);
  };
}
