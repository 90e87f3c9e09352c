import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { findProgram } from "./requirements.ts";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Why no page can be looked at here; undefined when one can. */
export function browserUnavailableReason(): string | undefined {
  return findProgram("chromium") ? undefined : "chromium is not installed (Debian: chromium)";
}

/** The system's own Chromium, without a window. */
export function startBrowser(): Promise<Browser> {
  // A container or root has no user namespaces to make its sandbox from; the pages are our own.
  return chromium.launch({ executablePath: findProgram("chromium") ?? "", args: ["--no-sandbox"] });
}

/** What axe finds wrong with the page for people who do not see, point or tell colours as others do (WCAG 2.1 A and AA). */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Evaluated by the debugger, whom the page's own security policy does not concern.
  await page.evaluate(readFileSync(axe, "utf8"));
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })",
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => node.html).join(" | ")}`);
}

const phone = { width: 390, height: 800 };

/** What is wrong with the page on a phone, in the light and in the dark: what axe finds, and what is wider than the screen. */
export async function phoneProblems(page: Page): Promise<string[]> {
  const size = page.viewportSize();
  await page.setViewportSize(phone);
  const chosen = await page.evaluate<string>("document.documentElement.dataset.theme");
  const found: string[] = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate(`document.documentElement.dataset.theme = "${theme}"`);
    for (const problem of await accessibilityProblems(page)) found.push(`${page.url()}, ${theme}: ${problem}`);
  }
  await page.evaluate(`document.documentElement.dataset.theme = "${chosen}"`);
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  if (width > phone.width) found.push(`${page.url()} is ${width} pixels wide`);
  if (size) await page.setViewportSize(size);
  return found;
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}
