import { Empty, Page } from "./page.tsx";

interface GoneProps {
  readonly title: string;
  /** The view that shows what there is, and its name. */
  readonly to: string;
  readonly name: string;
}

/** In the place of something that is not there (any more): where to go on. */
export function Gone({ title, to, name }: GoneProps) {
  return (
    <Page title={title}>
      <Empty>
        It was removed, or the address is not right. Go on to <a href={to}>{name}</a>.
      </Empty>
    </Page>
  );
}
