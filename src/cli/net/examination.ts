import { table } from "../output.ts";

/** What the daemon answers to `POST /shoal/net/doctor`. */
export interface ExaminationView {
  readonly Nodes: readonly NodeView[];
}

export interface NodeView {
  readonly ID: string;
  readonly Hostname: string;
  readonly Outcome: "examined" | "no-data-plane" | "not-reached";
  readonly Reason: string;
  readonly Findings: readonly FindingView[];
  readonly Compared: {
    readonly Networks: number;
    readonly Links: number;
    readonly Rules: number;
    readonly Names: number;
    readonly Paths: number;
  };
}

export interface FindingView {
  readonly Severity: "error" | "warning";
  readonly Subject: string;
  readonly Problem: string;
  readonly Next: string;
  readonly Repaired: boolean;
}

/** Whether something does not work, and was not put right; or cannot be known, because a node could not be asked. */
export function isWrong({ Nodes }: ExaminationView): boolean {
  return Nodes.some(({ Outcome, Findings }) => Outcome === "not-reached" || Findings.some(isLeft));
}

const isLeft = ({ Severity, Repaired }: FindingView): boolean => Severity === "error" && !Repaired;

/** As one screen of text: a line a node, then what is wrong and what to do. */
export function reportOf({ Nodes }: ExaminationView): string {
  const rows = Nodes.map(node => [nameOf(node), summaryOf(node)]);
  const lines = Nodes.flatMap(node => node.Findings.map(finding => lineOf(node, finding)));
  return [table(["NODE", ""], rows), lines.length > 0 ? lines.join("\n") : endingOf(Nodes)]
    .filter(Boolean)
    .join("\n\n");
}

function summaryOf({ Outcome, Reason, Findings, Compared }: NodeView): string {
  switch (Outcome) {
    case "no-data-plane":
      return `nothing to look at: ${Reason}`;
    case "not-reached":
      return `not looked at: ${Reason}`;
    case "examined": {
      const [errors, repaired] = [Findings.filter(isLeft), Findings.filter(({ Repaired }) => Repaired)];
      const warnings = Findings.length - errors.length - repaired.length;
      const { Networks, Links, Rules, Names, Paths } = Compared;
      const looked = `${Networks} networks, ${Links} devices and entries, ${Rules} rules, ${Names} names, ${Paths} paths`;
      const counts = [
        ...(errors.length > 0 ? [`${errors.length} wrong`] : ["well"]),
        ...(repaired.length > 0 ? [`${repaired.length} repaired`] : []),
        ...(warnings > 0 ? [`${warnings} to think of`] : []),
      ];
      return `${counts.join(", ")} (${looked})`;
    }
    default:
      return Outcome satisfies never;
  }
}

function lineOf(node: NodeView, { Severity, Subject, Problem, Next, Repaired }: FindingView): string {
  const what = `${nameOf(node)}: ${Subject}: ${Problem}`;
  if (Repaired) return `✓ ${what}\n  → repaired`;
  return `${Severity === "error" ? "✗" : "!"} ${what}\n  → ${Next}`;
}

function endingOf(nodes: readonly NodeView[]): string {
  return nodes.some(({ Outcome }) => Outcome === "not-reached") ? "" : "Nothing is wrong.";
}

function nameOf({ Hostname, ID }: NodeView): string {
  return Hostname || ID;
}
