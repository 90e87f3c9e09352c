import { error, type Finding, warning } from "./finding.ts";
import type { ProbedPath } from "./path-probe.ts";

/** How a network is made with an MTU of its own. */
const mtuOption = "--opt com.docker.network.driver.mtu";

/** What the probed paths say, node by node: an overlay that works shows that the underlay does, whether that answers or not. */
export function pathFindings(paths: readonly ProbedPath[], vxlanPort: number): Finding[] {
  const nodes = [...new Set(paths.map(({ nodeId }) => nodeId))];
  return nodes.flatMap(id =>
    nodeFindings(
      paths.filter(({ nodeId }) => nodeId === id),
      vxlanPort,
    ),
  );
}

function nodeFindings(paths: readonly ProbedPath[], vxlanPort: number): Finding[] {
  const underlay = paths.find(({ network }) => network === "");
  const overlays = paths.filter(({ network }) => network !== "");
  const [dead, alive] = [overlays.filter(isDead), overlays.filter(path => !isDead(path))];
  const narrow = alive.filter(({ reached, mtu }) => reached < mtu);
  const subject = `path to ${underlay?.node ?? paths[0]?.node}`;
  if (underlay && isDead(underlay) && overlays.length > 0 && alive.length === 0)
    return [error(subject, `nothing gets to ${underlay.to}, on none of the networks`, unreachableNext(vxlanPort))];
  return [
    ...deadFindings(subject, dead, alive.length > 0, vxlanPort),
    ...narrow.map(({ network, reached, mtu }) =>
      error(
        subject,
        `on network ${network} no packet larger than ${reached} bytes gets through, though its MTU is ${mtu}`,
        `let the machines between carry ${mtu - reached} bytes more, or make the network with \`${mtuOption}=${reached}\``,
      ),
    ),
    ...(underlay && narrow.length === 0 ? cutUp(subject, underlay) : []),
  ];
}

function deadFindings(subject: string, dead: readonly ProbedPath[], isPartly: boolean, vxlanPort: number): Finding[] {
  if (dead.length === 0) return [];
  const names = dead.map(({ network }) => network).join(", ");
  const next = isPartly
    ? "look what `shoal net doctor` says of both nodes: other networks between them work"
    : `let UDP port ${vxlanPort} through between the nodes, both ways (VXLAN)`;
  return [
    error(subject, `the machine answers, but not through the network${dead.length > 1 ? "s" : ""} ${names}`, next),
  ];
}

function unreachableNext(vxlanPort: number): string {
  return `see that the machines reach each other, and let UDP port ${vxlanPort} through between them, both ways (VXLAN)`;
}

/** What does not fit is cut up on the way: it arrives, but costs more. */
function cutUp(subject: string, { reached, mtu, to }: ProbedPath): Finding[] {
  if (reached === 0 || reached >= mtu) return [];
  const problem = `packets of more than ${reached} bytes to ${to} are cut up on the way, though this machine's MTU is ${mtu}`;
  return [warning(subject, problem, `set this machine's MTU to ${reached}, or the path's to ${mtu}`)];
}

function isDead({ reached }: ProbedPath): boolean {
  return reached === 0;
}
