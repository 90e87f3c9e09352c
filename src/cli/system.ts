import type { Command } from "commander";
import type { Api } from "./api.ts";
import { filters } from "./api.ts";
import { infoText } from "./info.ts";
import { formatted, templateValue } from "./list/format.ts";
import { parseFilters } from "./list/listing.ts";
import { timeOf } from "./logs.ts";
import { print, printJson } from "./output.ts";
import type { InfoView } from "./types.ts";
import { collect } from "./values.ts";

interface Formatted {
  readonly format?: string;
}

interface EventOptions extends Formatted {
  readonly filter?: readonly string[];
  readonly since?: string;
  readonly until?: string;
}

interface VersionView {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
}

/** `shoal info`, `version`, `events`. */
export function systemCommands(program: Command, api: () => Api): void {
  program
    .command("info")
    .description("This node and its swarm")
    .option("-f, --format <template>", 'a Go template, or "json"')
    .action(async ({ format }: Formatted) => {
      const info = await api().get<InfoView>("/info");
      if (format) printAs(format, info);
      else print(infoText(info));
    });

  program
    .command("version")
    .description("The daemon's version")
    .option("-f, --format <template>", 'a Go template, or "json"')
    .action(async ({ format }: Formatted) => {
      const version = await api().get<VersionView>("/version");
      if (format) printAs(format, version);
      else print(versionText(version));
    });

  program
    .command("events")
    .description("What happens, as it happens")
    .option("-f, --filter <key=value>", "like type=service or scope=swarm; repeatable", collect)
    .option("--since <time>", "from then on: a time, or how long ago (42m)")
    .option("--until <time>", "up to then")
    .option("--format <template>", 'a Go template, or "json"', "json")
    .action((options: EventOptions) => events(api(), options));
}

function versionText({ Version, ApiVersion, MinAPIVersion, Os, Arch, KernelVersion }: VersionView): string {
  return [
    `Version: ${Version}`,
    `API version: ${ApiVersion} (minimum version ${MinAPIVersion})`,
    `OS/Arch: ${Os}/${Arch}`,
    `Kernel version: ${KernelVersion}`,
  ].join("\n");
}

function printAs(format: string, value: object): void {
  if (format === "json") printJson(value);
  else print(formatted(format, templateValue(value)));
}

async function events(api: Api, { filter, since, until, format = "json" }: EventOptions): Promise<void> {
  const query = new URLSearchParams(filter ? filters(parseFilters(filter)) : "");
  if (since !== undefined) query.set("since", timeOf(since));
  if (until !== undefined) query.set("until", timeOf(until));
  await api.stream(`/events?${query}`, async body => {
    let rest = "";
    for await (const chunk of body.setEncoding("utf8")) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) print(format === "json" ? line : formatted(format, templateValue(JSON.parse(line))));
    }
  });
}
