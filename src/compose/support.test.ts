import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { supportTable } from "./support-table.test-kit.ts";

const page = resolve(import.meta.dirname, "../../docs/CLI.md");
const [begin, end] = ["<!-- members: begin -->", "<!-- members: end -->"];

it("is what docs/CLI.md says (bring it up to date with: SHOAL_UPDATE_DOCS=1 npx vitest run src/compose/support.test.ts)", () => {
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(begin);
  const [, after = ""] = rest.split(end);
  const wanted = `${before}${begin}\n${supportTable()}\n${end}${after}`;
  if (process.env.SHOAL_UPDATE_DOCS) writeFileSync(page, wanted);
  expect(readFileSync(page, "utf8")).toBe(wanted);
});
