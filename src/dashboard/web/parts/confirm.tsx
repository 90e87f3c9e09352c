import { signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Refusal } from "../api.ts";
import { sentence } from "../model/text.ts";
import { turnAway } from "../visitor.ts";

interface Question {
  readonly title: string;
  /** What will happen. */
  readonly says: string;
  readonly verb: string;
  readonly isDangerous: boolean;
  readonly field?: Field | undefined;
  readonly run: (value: string) => Promise<void>;
}

interface Field {
  readonly label: string;
  /** "lines": several of text, or none. */
  readonly type: "number" | "text" | "lines";
  readonly value: string;
}

const question = signal<Question | undefined>(undefined);
const failure = signal("");
const isBusy = signal(false);

/** Asks before something is done; the dialog stays, with the reason, when it is refused. */
export function ask(next: Question): void {
  failure.value = "";
  question.value = next;
}

/** The one dialog of the page. */
export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked]);
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!asked || isBusy.value) return;
    isBusy.value = true;
    try {
      await asked.run(input.current?.value ?? "");
      question.value = undefined;
    } catch (error) {
      if (turnAway(error)) question.value = undefined;
      failure.value = error instanceof Refusal ? error.message : "The daemon cannot be reached.";
    }
    isBusy.value = false;
  };
  const close = (): void => {
    question.value = undefined;
  };
  // Told a moment after the dialog was left: by then the next question may have been asked.
  const left = (): void => {
    if (question.value === asked && !dialog.current?.open) close();
  };
  return (
    <dialog ref={dialog} onClose={left} aria-labelledby="confirm-title" aria-describedby="confirm-says">
      {asked && (
        <form onSubmit={run}>
          <h2 id="confirm-title">{asked.title}</h2>
          <p id="confirm-says">{asked.says}</p>
          {asked.field && <FieldInput field={asked.field} input={input} />}
          {failure.value && (
            <p class="failure" role="alert">
              {sentence(failure.value)}
            </p>
          )}
          <div class="actions">
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button type="submit" class={asked.isDangerous ? "danger" : "primary"} disabled={isBusy.value}>
              {asked.verb}
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}

function FieldInput({
  field,
  input,
}: {
  readonly field: Field;
  readonly input: RefObject<(HTMLInputElement & HTMLTextAreaElement) | null>;
}) {
  const { label, value } = field;
  if (field.type === "lines")
    return (
      <label>
        {label}
        <textarea ref={input} rows={8} defaultValue={value} spellcheck={false} />
      </label>
    );
  return field.type === "number" ? (
    <label>
      {label}
      <input ref={input} type="number" min="0" value={value} required />
    </label>
  ) : (
    <label>
      {label}
      <input ref={input} type="text" value={value} required spellcheck={false} />
    </label>
  );
}
