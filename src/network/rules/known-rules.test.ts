import { expect, it } from "vitest";
import { NftTables } from "../../sim/nft-tables.ts";
import { planeOf, self, twoTasks, webTask } from "../plane.test-kit.ts";
import { wantedPlane } from "../wanted.ts";
import { tableChange, wholeTable } from "./commands.ts";
import { KnownRules } from "./known-rules.ts";

const table = "shoal_node_self";
const both = wantedPlane(planeOf(twoTasks), self, new Set()).rules;
const one = wantedPlane(planeOf({ ...twoTasks, endpoints: [webTask(1)] }), self, new Set()).rules;
const vip = "vip4_svc-web_net-back";
const other = "dnat ip to numgen inc mod 2 map { 0 : 10.0.1.66, 1 : 10.0.1.67 }";

function written(): { readonly tables: NftTables; readonly known: KnownRules } {
  const tables = new NftTables();
  tables.run(wholeTable(both));
  return { tables, known: KnownRules.written(both) };
}

it.each([
  ["a rule is gone", `flush chain inet ${table} come_in`],
  ["a rule is one too many", `add rule inet ${table} come_in drop`],
  ["an element is gone", `delete element inet ${table} virtual4 { 10.0.1.10 }`],
  ["a chain is one too many", `add chain inet ${table} somebody`],
  ["the table is gone", `delete table inet ${table}`],
  ["a rule is another one", `flush chain inet ${table} ${vip}\nadd rule inet ${table} ${vip} ${other}`],
])("notices that %s", (_what, damage) => {
  const { tables, known } = written();
  expect(known.agrees(tables.contents(table))).toBe(true);
  tables.run(damage);
  expect(known.agrees(tables.contents(table))).toBe(false);
});

it("is to be looked at once after each time it is written", () => {
  const { tables, known } = written();
  expect(known.isWorthALook).toBe(true);
  known.agrees(tables.contents(table));
  expect(known.isWorthALook).toBe(false);
  expect(KnownRules.written(one, known).isWorthALook).toBe(true);
});

it("takes its own changes for none of somebody else's, and still knows what it left alone", () => {
  const { tables, known } = written();
  expect(known.agrees(tables.contents(table))).toBe(true);
  tables.run(tableChange(both, one));
  const after = KnownRules.written(one, known);
  expect(after.agrees(tables.contents(table))).toBe(true);
  tables.run(`flush chain inet ${table} guard\nadd rule inet ${table} guard accept`);
  expect(after.agrees(tables.contents(table))).toBe(false);
});

it("knows what it left alone also when that is looked at only after its next change", () => {
  const { tables, known } = written();
  expect(known.agrees(tables.contents(table))).toBe(true);
  tables.run(`flush chain inet ${table} guard\nadd rule inet ${table} guard accept`);
  tables.run(tableChange(both, one));
  expect(KnownRules.written(one, known).agrees(tables.contents(table))).toBe(false);
});
