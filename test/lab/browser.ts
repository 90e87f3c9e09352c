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

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}
