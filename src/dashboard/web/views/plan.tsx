import { useState } from "preact/hooks";
import { type Plan, Refusal, type Step, takeStep } from "../api.ts";
import { plural, sentence } from "../model/text.ts";
import { Table } from "../parts/table.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { turnAway } from "../visitor.ts";
import { StackServices } from "./stack-services.tsx";

type Progress = "waits" | "runs" | "done" | "failed";

const verbs = { create: "create", update: "change", remove: "remove", keep: "as it is" } as const;
const tones = { waits: "warn", runs: "busy", done: "good", failed: "bad" } as const;

/** What is going to be done, then how far it is. */
export function PlanView({ plan, onBack }: { readonly plan: Plan; readonly onBack: () => void }) {
  const [progress, setProgress] = useState<readonly Progress[]>();
  const [failure, setFailure] = useState("");
  const due = plan.Steps.filter(step => step.call);
  const deploy = async (): Promise<void> => {
    const states: Progress[] = plan.Steps.map(step => (step.call ? "waits" : "done"));
    const ids = new Map<string, string>();
    for (const [at, step] of plan.Steps.entries()) {
      if (!step.call) continue;
      states[at] = "runs";
      setProgress([...states]);
      try {
        await takeStep(step, ids);
      } catch (error) {
        states[at] = "failed";
        setProgress([...states]);
        if (!turnAway(error)) setFailure(error instanceof Refusal ? error.message : "The daemon cannot be reached.");
        return;
      }
      states[at] = "done";
      setProgress([...states]);
    }
  };
  const isDone = progress?.every(state => state === "done") ?? due.length === 0;
  return (
    <>
      <Notices plan={plan} />
      <section aria-labelledby="plan-title">
        <h2 id="plan-title">{progress ? "What is done" : "The plan"}</h2>
        <Table name="Steps" heads={["What", "Name", "Action", "Becomes", ...(progress ? ["State"] : [])]}>
          {plan.Steps.map((step, at) => (
            <StepRow key={`${step.kind} ${step.name}`} step={step} progress={progress?.[at]} />
          ))}
        </Table>
      </section>
      {failure && (
        <p class="failure" role="alert">
          {sentence(failure)} What was done before stays; mend the cause and show the plan again.
        </p>
      )}
      <div class="actions">
        {!(progress && isDone) && (
          <button type="button" onClick={onBack} disabled={progress !== undefined && !failure}>
            Back to the file
          </button>
        )}
        {!progress && due.length > 0 && (
          <button type="button" class="primary" onClick={deploy}>
            Deploy: {plural(due.length, "change")}
          </button>
        )}
      </div>
      {isDone && (
        <section aria-labelledby="outcome-title" role="status">
          <h2 id="outcome-title">
            {due.length === 0 ? "Nothing to do: everything is so already" : "Deployed"}{" "}
            <a href={`/stacks/${plan.Name}`}>{plan.Name}</a>
          </h2>
          <StackServices stack={plan.Name} />
        </section>
      )}
    </>
  );
}

function Notices({ plan: { Notices } }: { readonly plan: Plan }) {
  if (Notices.length === 0) return null;
  return (
    <ul class="concerns" aria-label="What the file says and a swarm does not do">
      {Notices.map(({ Line, Text }) => (
        <li key={`${Line} ${Text}`} class="concern warn">
          Line {Line}: {Text}
        </li>
      ))}
    </ul>
  );
}

function StepRow({ step, progress }: { readonly step: Step; readonly progress: Progress | undefined }) {
  return (
    <tr class={step.action === "keep" ? "past" : ""}>
      <td>{step.kind}</td>
      <th scope="row">{step.name}</th>
      <td class={`action-${step.action}`}>{verbs[step.action]}</td>
      <td>{step.says.join(" · ")}</td>
      {progress && <td>{step.call && <ToneMark tone={tones[progress]} says={progress} />}</td>}
    </tr>
  );
}
