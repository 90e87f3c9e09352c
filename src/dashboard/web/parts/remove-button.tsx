import { ask } from "./confirm.tsx";

interface RemoveButtonProps {
  /** "network web": what the question names. */
  readonly what: string;
  /** What will happen. */
  readonly says: string;
  readonly run: () => Promise<void>;
}

/** Removes something after it has been confirmed. */
export function RemoveButton({ what, says, run }: RemoveButtonProps) {
  const question = { title: `Remove ${what}?`, says, verb: "Remove", isDangerous: true, run };
  return (
    <button type="button" class="danger" onClick={() => ask(question)}>
      Remove
    </button>
  );
}
