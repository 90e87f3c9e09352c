import { useState } from "preact/hooks";

/** Milliseconds for which it is said that something was copied. */
const saidMs = 2_000;

/** A command to type, with a button that copies it where the browser lets a page do that. */
export function Command({ children: text }: { readonly children: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), saidMs);
  };
  return (
    <span class="command">
      <code>{text}</code>
      {window.isSecureContext && (
        <button type="button" onClick={copy} aria-label="Copy the command">
          {isCopied ? "Copied" : "Copy"}
        </button>
      )}
    </span>
  );
}
