import type { Node } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { isCurrent, lookOf, nodeName } from "../model/task.ts";
import { bytes, cpus } from "../model/text.ts";
import { Page } from "../parts/page.tsx";
import { Table } from "../parts/table.tsx";
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
      <Table
        name="Nodes"
        heads={["Name", "State", "Availability", "Role", "#Tasks", "#CPUs", "#Memory", "Address", "Engine"]}
      >
        {nodes.map(node => (
          <NodeRow key={node.ID} node={node} />
        ))}
      </Table>
    </Page>
  );
}

/** A manager's part in the quorum, a worker's role. */
export function roleText({ ID, Spec }: Node, swarm: Swarm): string {
  const member = swarm.members().find(({ NodeID }) => NodeID === ID);
  if (!member) return Spec.Role;
  if (member.Leader) return "leader";
  return member.Reachable ? "manager" : "manager, unreachable";
}

function NodeRow({ node }: { readonly node: Node }) {
  const swarm = useSwarm("quorum", `tasks on ${node.ID}`);
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
      <td>{roleText(node, swarm)}</td>
      <td class="number">{running.length}</td>
      <td class="number">{cpus(NanoCPUs)}</td>
      <td class="number">{bytes(MemoryBytes)}</td>
      <td>{node.Status.Addr}</td>
      <td>{node.Description.Engine.EngineVersion}</td>
    </tr>
  );
}
