import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

interface PageProps {
  readonly title: string;
  /** The title as it is drawn, where that is more than its text. */
  readonly heading?: ComponentChildren;
  /** What kind of thing it is, above the title. */
  readonly kind?: ComponentChildren;
  /** How it is, below the title. */
  readonly says?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A view: its title (the browser's too), what can be done, and what there is to see. */
export function Page({ title, heading = title, kind, says, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Shoal`;
    return () => {
      document.title = "Shoal";
    };
  }, [title]);
  return (
    <>
      <header class="page-head">
        <div>
          {kind && <p class="kind">{kind}</p>}
          <h1>{heading}</h1>
          {says && <p class="page-says">{says}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** What a view shows where there is nothing. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** A name and what there is to say of it; several texts are lines of their own. What is long may be wide. */
export type Fact = readonly [name: string, value: ComponentChildren | readonly string[], width?: "wide"];

/** Names and values, one beside the other; those without a value are left out. */
export function Facts({ of }: { readonly of: readonly Fact[] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== "" && !(Array.isArray(value) && value.length === 0))
        .map(([name, value, width]) => (
          <div key={name} class={width}>
            <dt>{name}</dt>
            {(Array.isArray(value) ? value : [value]).map((line, at) => (
              <dd key={at}>{line}</dd>
            ))}
          </div>
        ))}
    </dl>
  );
}
