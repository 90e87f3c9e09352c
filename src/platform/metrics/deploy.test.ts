import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Metrics } from "./metrics.ts";

const root = resolve(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");
const { names } = new Metrics({ manager: undefined, certificateNotAfterMs: undefined });

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}
interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const panels = (JSON.parse(read("deploy/grafana/shoal.json")) as Dashboard).panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ where: `panel ${title}`, expr })),
);
const alerts = (parse(read("deploy/prometheus/alerts.yml")) as Rules).groups.flatMap(({ rules }) =>
  rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
);

/** The metrics that an expression reads; a histogram's series go by its name. */
function metricsIn(expr: string): string[] {
  const found = expr.match(/\b(shoal|process|nodejs)_\w+/g) ?? [];
  return found.map(name => name.replace(/_(bucket|sum|count)$/, ""));
}

describe("what deploy/ brings for Prometheus and Grafana", () => {
  it.each([...panels, ...alerts])("reads only what a daemon exports: $where", ({ where, expr }) => {
    const metrics = metricsIn(expr);
    if (!where.includes("DaemonDown")) expect(metrics).not.toEqual([]);
    expect(metrics.filter(name => !names.includes(name))).toEqual([]);
  });

  it("shows or watches every figure of the swarm", () => {
    const used = new Set([...panels, ...alerts].flatMap(({ expr }) => metricsIn(expr)));
    const notShown = ["shoal_raft_leader", "shoal_raft_snapshot_index"];
    expect(names.filter(name => name.startsWith("shoal_") && !used.has(name))).toEqual(notShown);
  });
});

describe("docs/OPERATIONS.md", () => {
  const guide = read("docs/OPERATIONS.md");

  it("has every metric of ours", () => {
    expect(names.filter(name => name.startsWith("shoal_") && !guide.includes(`\`${name}`))).toEqual([]);
  });

  it("has every alert", () => {
    expect(alerts.map(({ where }) => where.slice("alert ".length)).filter(name => !guide.includes(name))).toEqual([]);
  });
});
