import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

interface PageProps {
  readonly title: string;
  /** The title as it is drawn, where that is more than its text. */
  readonly heading?: ComponentChildren;
  /** What kind of thing it is, above the title. */
  readonly kind?: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A view: its title (the browser's too), what can be done, and what there is to see. */
export function Page({ title, heading = title, kind, actions, children }: PageProps) {
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

/** Names and values, one beside the other. */
export function Facts({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
