import type { ComponentChildren } from "preact";

interface TableProps {
  readonly name: string;
  /** Column heads; those of numbers begin with "#". */
  readonly heads: readonly string[];
  readonly children: ComponentChildren;
}

/** A table that scrolls sideways where the screen is narrow, by the keyboard too. */
export function Table({ name, heads, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="table" aria-label={name} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map(head => (
              <th key={head} scope="col" class={head.startsWith("#") ? "number" : ""}>
                {head.replace(/^#/, "")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
