import { asFault } from "../../lib/fault.ts";
import { Gate } from "../../lib/gate.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { DataPlane } from "../data-plane.ts";
import { localNetworks } from "../local-networks.ts";
import { type Compared, type ComparisonDoors, compare } from "./comparison.ts";
import { alsoIn, type Finding, notIn, warning } from "./finding.ts";
import { pathFindings } from "./path-findings.ts";
import { type ProbedPath, pathsOf, probe } from "./path-probe.ts";
import { portFindings } from "./port-findings.ts";
import { silentFindings } from "./tunnel-findings.ts";

/** What is wrong must still be so after this long, in milliseconds: a change under way is no fault. */
const secondLookMs = 1_000;
/** Paths that are probed at a time, and in one examination. */
const probesAtATime = 16;
const pathLimit = 500;

export interface ExaminerOptions extends ComparisonDoors {
  readonly plane: DataPlane;
  readonly clock: Clock;
}

/** What was found on a node. */
export interface Examined {
  /** What was compared, right or wrong. */
  readonly parts: Compared["parts"];
  /** What is wrong. */
  readonly left: readonly Finding[];
  /** What was, and was put right. */
  readonly repaired: readonly Finding[];
  readonly paths: readonly ProbedPath[];
}

/** Compares this node's networks as they are with what the managers say, and tries them. Changes nothing unless it is to repair. */
export class Examiner {
  readonly #options: ExaminerOptions;

  constructor(options: ExaminerOptions) {
    this.#options = options;
  }

  /** `away`: nodes that are known to be down. `signal` cuts short what waits. */
  async examine(repair: boolean, away: ReadonlySet<string>, signal: AbortSignal): Promise<Examined> {
    const { plane, clock } = this.#options;
    const first = await this.#compare();
    let { parts, findings: left } = first;
    let repaired: Finding[] = [];
    if (left.length > 0) {
      if (repair) await plane.compareNow(signal);
      else await sleep(clock, secondLookMs, signal);
      const second = await this.#compare();
      parts = second.parts;
      left = repair ? second.findings : alsoIn(second.findings, first.findings);
      if (repair) repaired = notIn(first.findings, second.findings);
    }
    const { probed, findings } = await this.#probe(away);
    const others = [...(await this.#ports()), ...(await this.#silent(away)), ...findings];
    return { parts, left: [...left, ...others], repaired, paths: probed };
  }

  #compare(): Promise<Compared> {
    return compare(this.#options.plane, this.#options);
  }

  async #ports(): Promise<Finding[]> {
    const { plane, probes } = this.#options;
    return portFindings(plane.view.plane, probes);
  }

  /** A tunnel that cannot be looked at was found by the comparison. */
  async #silent(away: ReadonlySet<string>): Promise<Finding[]> {
    const { plane } = this.#options;
    const compared = await plane.compareTunnel().catch(() => undefined);
    return compared ? silentFindings(compared.actual, plane.view.plane.nodes.values(), away, compared.now) : [];
  }

  /** Last, when everything that a path rests on has been put right. */
  async #probe(away: ReadonlySet<string>): Promise<{ probed: ProbedPath[]; findings: Finding[] }> {
    const { plane: said, self } = this.#options.plane.view;
    const networks = localNetworks(said, self);
    const gate = new Gate(probesAtATime);
    const paths = pathsOf(said, networks, self, away).slice(0, pathLimit);
    try {
      const probed = await Promise.all(paths.map(path => gate.run(() => probe(path, this.#options.probes))));
      return { probed, findings: pathFindings(probed, networks[0]?.network.vxlanPort ?? 0) };
    } catch (error) {
      const next = "install ping where it is missing (Debian: iputils-ping)";
      return { probed: [], findings: [warning("paths", `not tried: ${asFault(error).message}`, next)] };
    }
  }
}
