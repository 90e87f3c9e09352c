import { useRef, useState } from "preact/hooks";
import { type Plan, planStack, Refusal, type StackRequest } from "../api.ts";
import { sentence } from "../model/text.ts";
import { Page } from "../parts/page.tsx";
import { mayChange, turnAway } from "../visitor.ts";
import { PlanView } from "./plan.tsx";

const example = `services:
  web:
    image: nginx
    ports: ["8080:80"]
    deploy:
      replicas: 3
`;

/** Deploys a stack from a Compose file that is pasted or dropped: the plan is shown before anything is done. */
export function DeployView() {
  const [request, setRequest] = useState<StackRequest>({ Name: "", Compose: "", Variables: "", Prune: false });
  const [plan, setPlan] = useState<Plan>();
  const [failure, setFailure] = useState("");
  if (!mayChange()) return <p class="empty">Your token only allows to look.</p>;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      setFailure("");
      setPlan(await planStack(request));
    } catch (error) {
      if (!turnAway(error)) setFailure(error instanceof Refusal ? error.message : "The daemon cannot be reached.");
    }
  };
  return (
    <Page title="Deploy a stack" kind="From a Compose file">
      {plan ? (
        <PlanView plan={plan} onBack={() => setPlan(undefined)} />
      ) : (
        <form class="deploy" onSubmit={submit}>
          <Fields request={request} failure={failure} change={part => setRequest(before => ({ ...before, ...part }))} />
        </form>
      )}
    </Page>
  );
}

interface FieldsProps {
  readonly request: StackRequest;
  readonly failure: string;
  readonly change: (part: Partial<StackRequest>) => void;
}

function Fields({ request, failure, change }: FieldsProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [, line] = /^line (\d+): /.exec(failure) ?? [];
  const drop = async (event: DragEvent): Promise<void> => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    change({ Compose: await file.text() });
  };
  return (
    <>
      <label class="field">
        Name of the stack
        <input
          type="text"
          value={request.Name}
          onInput={event => change({ Name: event.currentTarget.value })}
          pattern="[a-zA-Z0-9][a-zA-Z0-9_.\-]*"
          placeholder="shop"
          required
          spellcheck={false}
        />
      </label>
      <label class="field">
        Compose file: paste it, or drop it here
        <textarea
          ref={area}
          rows={18}
          required
          spellcheck={false}
          value={request.Compose}
          placeholder={example}
          aria-invalid={failure !== ""}
          onInput={event => change({ Compose: event.currentTarget.value })}
          onDragOver={event => event.preventDefault()}
          onDrop={drop}
        />
      </label>
      {failure && (
        <div class="mistake">
          <p class="failure" role="alert">
            {sentence(failure)}
          </p>
          {line && (
            <button type="button" onClick={() => area.current && select(area.current, Number(line))}>
              Go to line {line}
            </button>
          )}
        </div>
      )}
      <details>
        <summary>Variables</summary>
        <label class="field">
          <span>
            What <code>${"{NAME}"}</code> in the file stands for, one NAME=VALUE a line
          </span>
          <textarea
            rows={4}
            spellcheck={false}
            value={request.Variables}
            onInput={event => change({ Variables: event.currentTarget.value })}
          />
        </label>
      </details>
      <label>
        <input
          type="checkbox"
          checked={request.Prune}
          onChange={event => change({ Prune: event.currentTarget.checked })}
        />
        Remove services of this stack that the file does not have any more
      </label>
      <p class="next">
        Other files cannot be read from here: env_file, include, secrets and configs from files, and relative paths of
        mounts are for <code>shoal stack deploy</code>; images are not built. An image whose name in the file stays the
        same stays the version that runs.
      </p>
      <div class="actions">
        <button type="submit" class="primary">
          Show the plan
        </button>
      </div>
    </>
  );
}

/** Selects a line, counted from 1, and scrolls to it. */
function select(area: HTMLTextAreaElement, line: number): void {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = (area.scrollHeight * (line - 1)) / lines.length;
}
