import type { Command } from "commander";
import { Struct } from "../../lib/go-template/value.ts";
import { CliError } from "../failure.ts";
import { print, printJson, table } from "../output.ts";
import { collect } from "../values.ts";
import { formatted } from "./format.ts";

export interface ListOptions {
  readonly quiet?: boolean;
  readonly format?: string;
  readonly json?: boolean;
  readonly filter?: readonly string[];
}

/** What a list shows: the headings of its columns, each with the name that `--format` knows it by. */
export type Columns = readonly (readonly [heading: string, field: string])[];
/** Truth is no text: `{{if .Self}}` takes every text but the empty one as true. */
export type Row = Readonly<Record<string, string | boolean>>;

export interface Listing {
  readonly columns: Columns;
  /** Fields that the table leaves out and `--format` can name. */
  readonly more?: Columns;
  /** The field that `--quiet` shows alone. */
  readonly id?: string;
}

/** Options that every list has. */
export function listOptions(command: Command, filters = true): Command {
  if (filters) command.option("-f, --filter <key=value>", "show only what fits; repeatable", collect);
  return command
    .option("--format <template>", 'a Go template, "table TEMPLATE", or "json"')
    .option("--json", "the daemon's own objects, as JSON")
    .option("-q, --quiet", "only ids");
}

/** Prints a list as its options ask. `objects` are what `--json` shows. */
export function printList(listing: Listing, rows: readonly Row[], objects: unknown, options: ListOptions): void {
  if (options.json) printJson(objects);
  else {
    const text = options.quiet ? idsOf(listing, rows) : listText(listing, rows, options.format ?? "table");
    if (text !== "") print(text);
  }
}

function idsOf({ id = "ID" }: Listing, rows: readonly Row[]): string {
  return rows.map(row => cellOf(row, id)).join("\n");
}

/** A list in the words of `--format`. */
export function listText({ columns, more = [] }: Listing, rows: readonly Row[], format: string): string {
  if (format === "json") return rows.map(row => JSON.stringify(row)).join("\n");
  if (format === "table") {
    const cells = rows.map(row => columns.map(([, field]) => cellOf(row, field)));
    return table(
      columns.map(([heading]) => heading),
      cells,
    );
  }
  if (!format.startsWith("table ")) return rows.map(row => formatted(format, structOf(row))).join("\n");
  const template = format.slice("table ".length).trim();
  const headings = Object.fromEntries([...columns, ...more].map(([heading, field]) => [field, heading]));
  const cells = (row: Row): string[] => formatted(template, structOf(row)).split("\t");
  return table(cells(headings), rows.map(cells));
}

/** The API's filters for `KEY=VALUE` texts. */
export function parseFilters(texts: readonly string[] = []): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 1) throw new CliError(`Cannot filter by "${text}": it must be KEY=VALUE`);
    const key = text.slice(0, at).trim().toLowerCase();
    found[key] = [...(found[key] ?? []), text.slice(at + 1).trim()];
  }
  return found;
}

const cellOf = (row: Row, field: string): string => String(row[field] ?? "");
const structOf = (row: Row): Struct => new Struct("formatter.row", row);
