import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { pageOf, pagesOf } from "../model/pages.ts";
import { figure } from "../model/text.ts";

interface PagesProps<T> {
  /** What they are, for those who hear it: "Tasks". */
  readonly name: string;
  readonly items: readonly T[];
  /** Items on a page. */
  readonly size: number;
  readonly children: (shown: readonly T[]) => ComponentChildren;
}

/** A long list, a page of it at a time: thousands of rows would be slow to draw and long to walk through. A short one is just there. */
export function Pages<T>({ name, items, size, children }: PagesProps<T>) {
  const [wanted, turnTo] = useState(0);
  const { at, shown } = pageOf(items, size, wanted);
  const pages = pagesOf(items.length, size);
  return (
    <>
      {children(shown)}
      {pages.length > 1 && (
        <nav class="pages" aria-label={`Pages of ${name}`}>
          <button type="button" disabled={at === 0} onClick={() => turnTo(at - 1)}>
            Previous
          </button>
          <label>
            <span class="hidden">Shown</span>
            <select value={at} onChange={event => turnTo(Number(event.currentTarget.value))}>
              {pages.map(({ from, to }, page) => (
                <option key={page} value={page}>
                  {figure(from)} to {figure(to)}
                </option>
              ))}
            </select>
            of {figure(items.length)}
          </label>
          <button type="button" disabled={at === pages.length - 1} onClick={() => turnTo(at + 1)}>
            Next
          </button>
        </nav>
      )}
    </>
  );
}
