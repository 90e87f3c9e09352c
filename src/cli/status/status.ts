import { replicasOf } from "../service/list.ts";
import type { NodeView } from "../types.ts";
import { type Facts, isUp } from "./facts.ts";
import type { Problem } from "./problem.ts";
import { serviceProblems } from "./service-problems.ts";
import { certificateProblems, managerProblems, nodeProblems, placeProblems, quorumOf } from "./swarm-problems.ts";

/** A swarm at a glance: what `shoal status --json` prints. */
export interface Status {
  readonly state: string;
  readonly managers: {
    readonly total: number;
    readonly reachable: number;
    readonly quorum: number;
    readonly leader: string;
  };
  readonly nodes: { readonly total: number; readonly ready: number; readonly drained: number; readonly paused: number };
  readonly services: readonly { readonly name: string; readonly replicas: string; readonly up: boolean }[];
  readonly problems: readonly Problem[];
}

/** `now` in milliseconds since 1970. */
export function statusOf(facts: Facts, now: number): Status {
  const { info, swarm } = facts;
  const nodes = swarm?.nodes ?? [];
  const problems = swarm
    ? [...managerProblems(swarm), ...nodeProblems(swarm), ...certificateProblems(swarm, now), ...serviceProblems(swarm)]
    : placeProblems(facts);
  return {
    state: info.Swarm.LocalNodeState,
    managers: managersOf(nodes),
    nodes: {
      total: nodes.length,
      ready: nodes.filter(node => node.Status.State === "ready").length,
      drained: nodes.filter(node => node.Spec.Availability === "drain").length,
      paused: nodes.filter(node => node.Spec.Availability === "pause").length,
    },
    services: (swarm?.services ?? [])
      .map(service => ({
        name: service.Spec.Name,
        replicas: replicasOf(service),
        up: swarm !== undefined && isUp(service, swarm),
      }))
      .sort((a, b) => Number(a.up) - Number(b.up) || (a.name < b.name ? -1 : 1)),
    problems: [...problems].sort((a, b) => Number(a.severity === "warning") - Number(b.severity === "warning")),
  };
}

function managersOf(nodes: readonly NodeView[]): Status["managers"] {
  const managers = nodes.filter(node => node.ManagerStatus);
  return {
    total: managers.length,
    reachable: managers.filter(node => node.ManagerStatus?.Reachability === "reachable").length,
    quorum: quorumOf(managers.length),
    leader: managers.find(node => node.ManagerStatus?.Leader)?.Description.Hostname ?? "",
  };
}
