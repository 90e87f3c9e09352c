import { removeObject, updateNode } from "../api.ts";
import { labelLines, labelsFrom } from "../model/labels.ts";
import type { Node } from "../model/objects.ts";
import { nodeName } from "../model/task.ts";
import { ask } from "../parts/confirm.tsx";
import { RemoveButton } from "../parts/remove-button.tsx";
import { go } from "../router.ts";

const availabilities = [
  ["active", "Activate", "It takes new tasks again. Those that moved away stay where they are."],
  ["pause", "Pause", "It keeps its tasks and gets no new ones."],
  ["drain", "Drain", "Its tasks are stopped and started on other nodes; it gets no new ones."],
] as const;

/** What operators can do with a node; each says first what will happen. */
export function NodeActions({ node }: { readonly node: Node }) {
  const isManager = node.Spec.Role === "manager";
  const isDown = node.Status.State === "down";
  return (
    <>
      {availabilities
        .filter(([to]) => to !== node.Spec.Availability)
        .map(([to, verb, says]) => (
          <button key={to} type="button" onClick={() => askAvailability(node, to, verb, says)}>
            {verb}
          </button>
        ))}
      <button type="button" onClick={() => (isManager ? askDemotion : askPromotion)(node)}>
        {isManager ? "Demote" : "Promote"}
      </button>
      <button type="button" onClick={() => askLabels(node)}>
        Labels
      </button>
      {isDown && !isManager && (
        <RemoveButton
          what={nodeName(node)}
          says="The swarm forgets it. If its daemon comes back, it has to leave and join again."
          run={async () => {
            await removeObject("nodes", node.ID);
            go("/nodes");
          }}
        />
      )}
    </>
  );
}

type Availability = Node["Spec"]["Availability"];

function askAvailability(node: Node, to: Availability, verb: string, says: string): void {
  ask({
    ...{ title: `${verb} ${nodeName(node)}?`, says, verb, isDangerous: to === "drain" },
    run: () => updateNode(node.ID, spec => ({ ...spec, Availability: to })),
  });
}

function askPromotion(node: Node): void {
  ask({
    title: `Promote ${nodeName(node)}?`,
    says: "It becomes a manager: it keeps a copy of everything, and may change anything.",
    ...{ verb: "Promote", isDangerous: false },
    run: () => updateNode(node.ID, spec => ({ ...spec, Role: "manager" })),
  });
}

function askDemotion(node: Node): void {
  ask({
    title: `Demote ${nodeName(node)}?`,
    says: "It leaves the quorum and is a worker from then on. The swarm bears the loss of fewer managers.",
    ...{ verb: "Demote", isDangerous: true },
    run: () => updateNode(node.ID, spec => ({ ...spec, Role: "worker" })),
  });
}

function askLabels(node: Node): void {
  ask({
    title: `Labels of ${nodeName(node)}`,
    says: "Services choose nodes by them (node.labels.KEY). Tasks that may not be here with the new ones move away.",
    ...{ verb: "Change", isDangerous: false },
    field: { label: "One KEY=VALUE a line", type: "lines", value: labelLines(node.Spec.Labels) },
    run: text => updateNode(node.ID, spec => ({ ...spec, Labels: labelsFrom(text, spec.Labels) })),
  });
}
