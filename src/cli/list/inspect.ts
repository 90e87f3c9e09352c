import type { Command } from "commander";
import { stringify } from "yaml";
import { ApiError, report } from "../failure.ts";
import { print, printJson } from "../output.ts";
import { formatted, templateValue } from "./format.ts";

interface InspectOptions {
  readonly format?: string;
  readonly pretty?: boolean;
}

/** `inspect NAME...` as docker has it: a JSON list, a template for each, or for reading. */
export function inspectCommand(parent: Command, what: string, find: (name: string) => Promise<object>): Command {
  return parent
    .command("inspect")
    .description(`Show all about ${what}s`)
    .argument(`<${what}...>`)
    .option("-f, --format <template>", "a Go template")
    .option("--pretty", "for people to read")
    .action((names: string[], options: InspectOptions) => inspect(names, options, find));
}

/** What there is of several is shown; what is not there makes the exit status 1. */
async function inspect(names: readonly string[], options: InspectOptions, find: (name: string) => Promise<object>) {
  const found: object[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      report(error);
    }
  }
  const { format, pretty } = options;
  if (format && format !== "json") for (const one of found) print(formatted(format, templateValue(one)));
  else if (pretty)
    print(
      found
        .map(one => stringify(one, { lineWidth: 0 }))
        .join("---\n")
        .trimEnd(),
    );
  else if (format === "json") print(JSON.stringify(found));
  else printJson(found);
}
