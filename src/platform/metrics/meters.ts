import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { FaultCode } from "../../lib/fault.ts";
import type { Meters } from "../../ports/meters.ts";

const msPerSecond = 1000;
/** Upper bounds of the buckets, seconds: of what is answered, of what a machine does, of what tasks wait for. */
const bounds = {
  answers: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  work: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  tasks: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
};

/** What happens on this node, counted for Prometheus. */
export class PrometheusMeters implements Meters {
  readonly #registry: Registry;
  readonly #scheduling: Histogram;
  readonly #start: Histogram;
  readonly #api: Histogram<"method" | "route" | "code">;
  readonly #sessions: Gauge;
  readonly #heartbeats: Counter;
  readonly #lost: Counter;
  readonly #runtime: Histogram<"operation">;
  readonly #failures: Counter<"operation" | "code">;
  readonly #apply: Histogram;
  readonly #unapplied: Counter;
  readonly #repairs: Counter;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#scheduling = this.#histogram("shoal_task_scheduling_seconds", "From a task's making to its having a node", {
      buckets: bounds.tasks,
    });
    this.#start = this.#histogram("shoal_task_start_seconds", "From a task's having a node to its running", {
      buckets: bounds.tasks,
    });
    this.#api = this.#histogram("shoal_api_request_seconds", "From a request to its answer, or a stream's beginning", {
      buckets: bounds.answers,
      labelNames: ["method", "route", "code"],
    });
    const alone = { registers: [registry] };
    this.#sessions = new Gauge({
      ...{ name: "shoal_agent_sessions", help: "Nodes that have a session with this manager; on the leader" },
      ...alone,
    });
    this.#heartbeats = new Counter({ name: "shoal_agent_heartbeats_total", help: "Heartbeats that came", ...alone });
    this.#lost = new Counter({
      ...{ name: "shoal_agent_sessions_lost_total", help: "Sessions that ended because no heartbeat came" },
      ...alone,
    });
    this.#runtime = this.#histogram("shoal_runtime_operation_seconds", "What the runtime took, failures included", {
      buckets: bounds.work,
      labelNames: ["operation"],
    });
    this.#failures = new Counter({
      ...{ name: "shoal_runtime_failures_total", help: "Operations that the runtime could not do" },
      ...{ labelNames: ["operation", "code"], ...alone },
    });
    this.#apply = this.#histogram("shoal_network_apply_seconds", "Comparing this node's networks and bringing about", {
      buckets: bounds.work,
    });
    this.#unapplied = new Counter({
      ...{ name: "shoal_network_failures_total", help: "Times that this node's networks could not be brought about" },
      ...alone,
    });
    this.#repairs = new Counter({
      ...{ name: "shoal_network_repairs_total", help: "Times that what somebody had changed was put right" },
      ...alone,
    });
  }

  taskScheduled(ms: number): void {
    this.#scheduling.observe(ms / msPerSecond);
  }

  taskStarted(ms: number): void {
    this.#start.observe(ms / msPerSecond);
  }

  apiAnswered({ method, route, status }: Parameters<Meters["apiAnswered"]>[0], ms: number): void {
    this.#api.observe({ method, route, code: String(status) }, ms / msPerSecond);
  }

  sessions(open: number): void {
    this.#sessions.set(open);
  }

  heartbeat(): void {
    this.#heartbeats.inc();
  }

  nodeLost(): void {
    this.#lost.inc();
  }

  runtimeAsked(operation: string, ms: number, failure: FaultCode | undefined): void {
    this.#runtime.observe({ operation }, ms / msPerSecond);
    if (failure !== undefined) this.#failures.inc({ operation, code: failure });
  }

  networkApplied(ms: number, isDone: boolean): void {
    this.#apply.observe(ms / msPerSecond);
    if (!isDone) this.#unapplied.inc();
  }

  networkRepaired(): void {
    this.#repairs.inc();
  }

  #histogram<L extends string = never>(
    name: string,
    help: string,
    more: { readonly buckets: number[]; readonly labelNames?: L[] },
  ): Histogram<L> {
    return new Histogram({ name, help, ...more, registers: [this.#registry] });
  }
}
