import { X509Certificate } from "node:crypto";
import type { NodeView, SwarmView } from "../types.ts";
import type { Facts, SwarmFacts } from "./facts.ts";
import { error, type Problem, warning } from "./problem.ts";

/** How long before the root certificate ends it is told of, in milliseconds. */
const rootNoticeMs = 180 * 24 * 3600 * 1000;

/** What is wrong with this node's place in the swarm, where it cannot tell more. */
export function placeProblems({ info: { Swarm }, error: reason }: Facts): Problem[] {
  const join = "found one with `shoal swarm init`, or join one with `shoal swarm join --token TOKEN HOST:PORT`";
  if (Swarm.LocalNodeState === "inactive") return [error("this node", "it is in no swarm", join)];
  if (Swarm.LocalNodeState === "locked")
    return [
      error(
        "this manager",
        "it is locked: it cannot read its state",
        "`shoal swarm unlock`, with the key of `shoal swarm unlock-key`",
      ),
    ];
  if (!Swarm.ControlAvailable) {
    const where = (Swarm.RemoteManagers ?? []).map(({ Addr }) => Addr).join(", ");
    const seen = Swarm.Error ? `: ${Swarm.Error}` : "";
    const subject = "this node";
    if (Swarm.LocalNodeState === "active")
      return [warning(subject, `it is a worker, and knows no more${seen}`, `ask a manager: ${where}`)];
    return [error(subject, `it is ${Swarm.LocalNodeState}${seen}`, `look at its log, and whether it reaches ${where}`)];
  }
  if (reason === undefined) return [];
  const next = "bring managers back; if they are lost for good, `shoal swarm init --force-new-cluster` on this one";
  return [error("the managers", `no answer, as without a quorum: ${reason}`, next)];
}

export function managerProblems({ nodes }: SwarmFacts): Problem[] {
  const managers = nodes.filter(node => node.ManagerStatus);
  const lost = managers.filter(node => node.ManagerStatus?.Reachability !== "reachable");
  const spare = managers.length - lost.length - quorumOf(managers.length);
  const margin = spare > 0 ? `the quorum stands ${spare} more` : "one more, and there is no quorum";
  const gone = lost.map(node => {
    const name = node.Description.Hostname;
    const next = `start it again, or \`shoal node demote ${name}\` and \`shoal node rm ${name}\``;
    return error(`manager ${name}`, `it is ${node.ManagerStatus?.Reachability || "unreachable"}: ${margin}`, next);
  });
  if (managers.length !== 2) return gone;
  const two = "there are two: without either of them nothing can be changed";
  return [...gone, warning("the managers", two, "promote a third node: `shoal node promote NODE`")];
}

export const quorumOf = (managers: number): number => Math.floor(managers / 2) + 1;

export function nodeProblems({ nodes }: SwarmFacts): Problem[] {
  const broken = nodes.filter(({ Status }) => Status.State !== "ready");
  // A node that is up says what of it is not as meant: a published port that it has another use for.
  const talking = nodes.filter(({ Status }) => Status.State === "ready" && Status.Message);
  const down = broken.map(({ Description: { Hostname }, Status }: NodeView) => {
    const reason = Status.Message ? `${Status.State}: ${Status.Message}` : Status.State;
    return error(`node ${Hostname}`, `it is ${reason}`, `start it again, or \`shoal node rm --force ${Hostname}\``);
  });
  const next = "publish another port, or let the program there listen on another: `shoal net doctor`";
  const said = talking.map(({ Description: { Hostname }, Status }) =>
    warning(`node ${Hostname}`, Status.Message ?? "", next),
  );
  return [...down, ...said];
}

/** `now` in milliseconds since 1970. */
export function certificateProblems({ cluster }: SwarmFacts, now: number): Problem[] {
  const found: Problem[] = [];
  const ends = endOfRoot(cluster);
  if (ends !== undefined && ends - now < rootNoticeMs) {
    const days = Math.max(0, Math.floor((ends - now) / 86_400_000));
    const reason = ends < now ? "its certificate has expired" : `its certificate expires in ${days} days`;
    found.push(error("the root CA", reason, "`shoal swarm ca --rotate`"));
  }
  if (cluster.RootRotationInProgress)
    found.push(
      warning(
        "the root CA",
        "it is being changed: some nodes have no new certificate yet",
        "nodes that are down hold it up: `shoal node ls`",
      ),
    );
  return found;
}

function endOfRoot({ TLSInfo }: SwarmView): number | undefined {
  if (!TLSInfo?.TrustRoot) return undefined;
  return Date.parse(new X509Certificate(TLSInfo.TrustRoot).validTo);
}
