import { signal } from "@preact/signals";

/** The path of the view that is shown. */
export const path = signal(location.pathname);

addEventListener("popstate", () => {
  path.value = location.pathname;
});

/** Shows another view; the browser's back button comes back here. */
export function go(to: string): void {
  if (to === location.pathname) return;
  history.pushState(null, "", to);
  path.value = to;
  scrollTo(0, 0);
  // A reader of the screen is told that the page is another one.
  document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
}

/** Follows links inside the page without loading it anew; others, and those with a modifier key, stay the browser's. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const anchor = (event.target as Element).closest("a");
  if (!anchor || anchor.origin !== location.origin || anchor.target !== "") return;
  event.preventDefault();
  go(anchor.pathname);
}
