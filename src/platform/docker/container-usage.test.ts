import { describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { ContainerUsage } from "./container-usage.ts";
import { taskIdLabel } from "./labels.ts";

/** An engine on another machine: its containers' processes are not this machine's. */
class FarEngine {
  readonly running = new Set(["c1", "c2"]);
  readonly asked: string[] = [];

  async json(_method: string, path: string): Promise<unknown> {
    this.asked.push(path);
    if (path === "/containers/json")
      return [...this.running].map(Id => ({ Id, Labels: { [taskIdLabel]: `task of ${Id}` } }));
    if (path.includes("c2")) throw new Fault("not_found", "No such container: c2");
    if (path.endsWith("/json")) return { Id: "c1", State: { Pid: process.pid } };
    return {
      cpu_stats: { cpu_usage: { total_usage: 1_500_000_000 } },
      memory_stats: { usage: 5_000, stats: { inactive_file: 1_000 } },
    };
  }
}

describe("the usage of containers", () => {
  it("is asked of the engine where the files of the kernel are not here, and looked for once", async () => {
    const engine = new FarEngine();
    const usage = new ContainerUsage(engine, "n1");
    const expected = [{ taskId: "task of c1", cpuSeconds: 1.5, memoryBytes: 4_000 }];
    expect(await usage.measure()).toEqual(expected);
    engine.running.delete("c2");
    expect(await usage.measure()).toEqual(expected);
    expect(engine.asked.filter(path => path === "/containers/c1/json")).toHaveLength(1);
  });

  it("faults when the engine cannot be reached", async () => {
    const json = () => Promise.reject(new Fault("unavailable", "Cannot connect"));
    await expect(new ContainerUsage({ json }, "n1").measure()).rejects.toMatchObject({ code: "unavailable" });
  });
});
