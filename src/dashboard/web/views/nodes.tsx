import type { Node } from "../model/objects.ts";
import { isCurrent, lookOf, nodeName } from "../model/task.ts";
import { bytes, cpus } from "../model/text.ts";
import { Page } from "../parts/page.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { useSwarm } from "../state.ts";

/** All nodes, managers first. */
export function NodesView() {
  const swarm = useSwarm("node");
  const nodes = [...swarm.all("node")].sort(
    (a, b) => a.Spec.Role.localeCompare(b.Spec.Role) || nodeName(a).localeCompare(nodeName(b)),
  );
  return (
    <Page title="Nodes">
      <div class="table">
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th>State</th>
              <th>Availability</th>
              <th>Role</th>
              <th class="number">Tasks</th>
              <th class="number">CPUs</th>
              <th class="number">Memory</th>
              <th>Address</th>
              <th>Engine</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map(node => (
              <NodeRow key={node.ID} node={node} />
            ))}
          </tbody>
        </table>
      </div>
    </Page>
  );
}

/** A manager's part in the quorum, a worker's role. */
export function roleText({ ManagerStatus, Spec }: Node): string {
  if (!ManagerStatus) return Spec.Role;
  if (ManagerStatus.Leader) return "leader";
  return ManagerStatus.Reachability === "reachable" ? "manager" : "manager, unreachable";
}

function NodeRow({ node }: { readonly node: Node }) {
  const swarm = useSwarm(`tasks on ${node.ID}`);
  const running = [...swarm.tasksOn(node.ID).values()].filter(task => isCurrent(task) && lookOf(task) === "running");
  const { NanoCPUs = 0, MemoryBytes = 0 } = node.Description.Resources;
  const isReady = node.Status.State === "ready";
  return (
    <tr>
      <th scope="row">
        <a href={`/nodes/${node.ID}`}>{nodeName(node)}</a>
      </th>
      <td>
        <ToneMark tone={isReady ? "good" : "bad"} says={node.Status.State} />
      </td>
      <td>{node.Spec.Availability}</td>
      <td>{roleText(node)}</td>
      <td class="number">{running.length}</td>
      <td class="number">{cpus(NanoCPUs)}</td>
      <td class="number">{bytes(MemoryBytes)}</td>
      <td>{node.Status.Addr}</td>
      <td>{node.Description.Engine.EngineVersion}</td>
    </tr>
  );
}
