import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { tryCommand } from "../../../test/lab/command.ts";
import { findProgram } from "../../../test/lab/requirements.ts";
import { Metrics } from "./metrics.ts";

const root = resolve(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");
const { names } = new Metrics();

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly datasource?: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels?: { readonly severity?: string };
      readonly annotations?: { readonly summary?: string; readonly description?: string };
    }[];
  }[];
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

const promtool = findProgram("promtool");

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

describe("the alert rules", () => {
  const title = "are taken by Prometheus";

  it.skipIf(!promtool)(promtool ? title : `${title} (skipped: no promtool; Debian: prometheus)`, async () => {
    const file = resolve(root, "deploy/prometheus/alerts.yml");
    expect(await tryCommand([promtool ?? "", "check", "rules", file])).toMatchObject({ code: 0 });
  });

  it("say what happened, how bad it is and what it means", () => {
    const rules = (parse(read("deploy/prometheus/alerts.yml")) as Rules).groups.flatMap(group => group.rules);
    const incomplete = rules.filter(
      ({ labels, annotations }) =>
        !["warning", "critical"].includes(labels?.severity ?? "") || !annotations?.summary || !annotations.description,
    );
    expect(incomplete.map(({ alert }) => alert)).toEqual([]);
  });
});

describe("the Grafana dashboard", () => {
  const all = (JSON.parse(read("deploy/grafana/shoal.json")) as Dashboard).panels;
  const tiles = all.map(({ title, gridPos: { x, y, w, h } }) => ({ title, x, y, right: x + w, bottom: y + h }));

  it("has panels with an id of their own, side by side on its 24 columns", () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const overlaps = tiles.flatMap((a, at) =>
      tiles
        .slice(at + 1)
        .filter(b => a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom)
        .map(b => `${a.title} and ${b.title}`),
    );
    expect([overlaps, tiles.filter(({ right }) => right > 24)]).toEqual([[], []]);
  });

  it("asks the data source and for the swarm that were chosen", () => {
    const wrong = all.filter(
      ({ type, datasource, targets = [] }) =>
        type !== "row" &&
        (datasource?.uid !== "$" + "{datasource}" || targets.some(({ expr }) => !expr.includes("$job"))),
    );
    expect(wrong.map(({ title }) => title)).toEqual([]);
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
