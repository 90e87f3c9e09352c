import type { Node, Task } from "./objects.ts";
import { majorityOf } from "./quorum.ts";
import type { Swarm } from "./swarm.ts";
import { isWanted, lookOf, nameOfNode, nodeName, reasonOf } from "./task.ts";

/** Something that somebody should look at: what, why, and what to do. */
export interface Concern {
  readonly level: "bad" | "warn";
  readonly title: string;
  readonly reason: string;
  readonly next: string;
  /** The view that tells more. */
  readonly link: string;
}

/** Failures of a service in `loopMs` that make it a crash loop. */
const loopFailures = 3;
const loopMs = 10 * 60_000;

/** What is wrong with the swarm now, the worst first. */
export function concernsOf(swarm: Swarm, nowMs: number): Concern[] {
  const nodes = [...swarm.all("node")];
  const found = [...quorum(swarm), ...lostNodes(nodes), ...endingCertificates(nodes, nowMs)];
  for (const service of swarm.all("service")) {
    const tasks = [...swarm.tasksOf(service.ID).values()];
    const about = { name: service.Spec.Name, link: `/services/${service.ID}` };
    found.push(...stuckTasks(about, tasks), ...crashLoop(about, tasks, nowMs));
    const { State, Message } = service.UpdateStatus ?? {};
    if (State === "paused" || State === "rollback_paused")
      found.push({
        ...{ level: "bad", link: about.link, reason: Message ?? "a task failed" },
        title: `The ${State === "paused" ? "update" : "rollback"} of ${about.name} is paused`,
        next: "Mend the cause and update again, or roll back.",
      });
  }
  return found.sort((a, b) => Number(a.level === "warn") - Number(b.level === "warn"));
}

function quorum(swarm: Swarm): Concern[] {
  const managers = swarm.members();
  const lost = managers.filter(({ Reachable }) => !Reachable);
  const names = lost.map(({ NodeID, Addr }) => nameOfNode(swarm, NodeID) || Addr);
  const spare = managers.length - lost.length - majorityOf(managers.length);
  // Without a quorum that is what every view begins with.
  if (lost.length === 0 || spare < 0) return [];
  return [
    {
      level: spare > 0 ? "warn" : "bad",
      title: `${lost.length} of ${managers.length} managers cannot be reached`,
      reason: `${names.join(", ")}; the swarm can lose ${spare} more before nothing can be changed any more`,
      next: "Bring it back, or demote and remove it and promote another node.",
      link: "/nodes",
    },
  ];
}

function lostNodes(nodes: readonly Node[]): Concern[] {
  return nodes
    .filter(node => node.Status.State !== "ready")
    .map(node => ({
      level: "warn",
      title: `Node ${nodeName(node)} is ${node.Status.State}`,
      reason: node.Status.Message || "it has not been heard of",
      next: "Look at the machine and its daemon. Its tasks run elsewhere by now, where they may.",
      link: `/nodes/${node.ID}`,
    }));
}

/** Share of a certificate's life that is left when it should have been renewed long ago (SwarmKit: by 80 % of it). */
const lateShare = 0.15;

function endingCertificates(nodes: readonly Node[], nowMs: number): Concern[] {
  return nodes.flatMap(node => {
    if (!node.Certificate) return [];
    const [since, ends] = [Date.parse(node.Certificate.Since), Date.parse(node.Certificate.Ends)];
    if (ends - nowMs > (ends - since) * lateShare) return [];
    return [
      {
        level: "warn" as const,
        title: `The certificate of node ${nodeName(node)} ${ends < nowMs ? "has ended" : "is about to end"}`,
        reason: `It holds until ${new Date(ends).toLocaleString()}, and was not renewed in time`,
        next: "Nodes renew theirs by themselves while they reach a manager: see whether this one does. After the end it has to leave and join again.",
        link: `/nodes/${node.ID}`,
      },
    ];
  });
}

interface About {
  readonly name: string;
  readonly link: string;
}

/** Tasks that wait for something, together by their reason. */
function stuckTasks({ name, link }: About, tasks: readonly Task[]): Concern[] {
  const reasons = new Map<string, number>();
  for (const task of tasks)
    if (isWanted(task) && lookOf(task) === "waiting" && task.Err)
      reasons.set(task.Err, (reasons.get(task.Err) ?? 0) + 1);
  return [...reasons].map(([reason, count]) => ({
    level: "bad",
    title: `${count} ${count === 1 ? "task" : "tasks"} of ${name} cannot be placed`,
    reason,
    next: "Change the service's constraints, reservations or ports, or add a node that fits.",
    link,
  }));
}

function crashLoop({ name, link }: About, tasks: readonly Task[], nowMs: number): Concern[] {
  const failed = tasks.filter(task => lookOf(task) === "failed" && nowMs - Date.parse(task.Since) < loopMs);
  const last = failed.sort((a, b) => a.Since.localeCompare(b.Since)).at(-1);
  if (!last || failed.length < loopFailures) return [];
  return [
    {
      level: "bad",
      title: `${name} fails again and again`,
      reason: `at least ${failed.length} failures in ten minutes, the last: ${reasonOf(last)}`,
      next: "Its page has each failure's reason, and its logs. Roll back if it worked before.",
      link,
    },
  ];
}
