import { signal } from "@preact/signals";

type Theme = "light" | "dark";

const key = "shoal-theme";

function first(): Theme {
  const chosen = localStorage.getItem(key);
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** What the visitor has chosen, else what their system prefers. */
export const theme = signal<Theme>(first());

/** From light to dark or back, also for the next visit. */
export function changeTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(key, theme.value);
}

theme.subscribe(value => {
  document.documentElement.dataset.theme = value;
});
