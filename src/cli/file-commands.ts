import type { Command } from "commander";
import { said } from "../compose/said.ts";
import { type Api, filters } from "./api.ts";
import { diskFiles } from "./disk-files.ts";
import { CliError, forEachName } from "./failure.ts";
import { inspectCommand } from "./list/inspect.ts";
import { type Listing, type ListOptions, listOptions, parseFilters, printList, type Row } from "./list/listing.ts";
import { ago, print } from "./output.ts";
import { collect, pairs } from "./values.ts";

interface FileView {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Driver?: { readonly Name: string };
  };
}

interface CreateOptions {
  readonly label?: readonly string[];
  readonly driver?: string;
  readonly templateDriver?: string;
}

/** `shoal secret …` or `shoal config …`: the same but for drivers, which only secrets have. */
export function fileCommands(program: Command, word: "secret" | "config", api: () => Api): void {
  const group = program.command(word).description(`Manage ${word}s`);
  const find = (name: string): Promise<FileView> => api().get<FileView>(`/${word}s/${encodeURIComponent(name)}`);

  const create = group
    .command("create")
    .description(`Create a ${word} from a file, or from the standard input`)
    .argument("<name>")
    .argument("[file]", '"-" for the standard input')
    .option("-l, --label <key=value>", "repeatable", collect)
    .option("--template-driver <name>", "what fills in templates: golang");
  if (word === "secret") create.option("-d, --driver <name>", "where the secret comes from instead");
  create.action(async (name: string, file: string | undefined, options: CreateOptions) => {
    print((await api().post<{ ID: string }>(`/${word}s/create`, request(name, file, options))).ID);
  });

  listOptions(group.command("ls").alias("list").description(`List ${word}s`)).action(async (options: ListOptions) => {
    const found = await api().get<FileView[]>(`/${word}s?${filters(parseFilters(options.filter))}`);
    const sorted = [...found].sort((a, b) => a.Spec.Name.localeCompare(b.Spec.Name, undefined, { numeric: true }));
    printList(listings[word], sorted.map(rowOf), sorted, options);
  });

  inspectCommand(group, word, find);

  group
    .command("rm")
    .alias("remove")
    .description(`Remove ${word}s`)
    .argument(`<${word}...>`)
    .action((names: string[]) => forEachName(names, async name => api().delete(`/${word}s/${(await find(name)).ID}`)));
}

const more: Listing["columns"] = [["LABELS", "Labels"]];
const listings: Readonly<Record<"secret" | "config", Listing>> = {
  secret: {
    columns: [
      ["ID", "ID"],
      ["NAME", "Name"],
      ["DRIVER", "Driver"],
      ["CREATED", "CreatedAt"],
      ["UPDATED", "UpdatedAt"],
    ],
    more,
  },
  config: {
    columns: [
      ["ID", "ID"],
      ["NAME", "Name"],
      ["CREATED", "CreatedAt"],
      ["UPDATED", "UpdatedAt"],
    ],
    more,
  },
};

function rowOf({ ID, CreatedAt, UpdatedAt, Spec }: FileView): Row {
  return {
    ID,
    Name: Spec.Name,
    Driver: Spec.Driver?.Name ?? "",
    CreatedAt: ago(CreatedAt),
    UpdatedAt: ago(UpdatedAt),
    Labels: Object.entries(Spec.Labels ?? {})
      .map(pair => pair.join("="))
      .join(","),
  };
}

function request(name: string, file: string | undefined, { label, driver, templateDriver }: CreateOptions): object {
  if (file === undefined && driver === undefined)
    throw new CliError(`There is nothing to read: name a file, or "-" for the standard input`);
  const data = file === undefined ? undefined : diskFiles.read(file);
  if (file !== undefined && !data) throw new CliError(`Cannot read "${file}": there is no such file`);
  return said({
    Name: name,
    Labels: pairs(label),
    Data: data?.toString("base64"),
    Driver: driver === undefined ? undefined : { Name: driver },
    Templating: templateDriver === undefined ? undefined : { Name: templateDriver },
  });
}
