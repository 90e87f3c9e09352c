import type { Command } from "commander";
import { filled, said } from "../compose/said.ts";
import { type Api, filters } from "./api.ts";
import { CliError, forEachName } from "./failure.ts";
import { inspectCommand } from "./list/inspect.ts";
import { type Listing, type ListOptions, listOptions, parseFilters, printList, type Row } from "./list/listing.ts";
import { print, shortId, warn } from "./output.ts";
import { collect, pairs } from "./values.ts";

interface NetworkView {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Created: string;
  readonly Internal?: boolean;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6?: boolean;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

interface CreateOptions {
  readonly driver: string;
  readonly opt?: readonly string[];
  readonly label?: readonly string[];
  readonly subnet?: readonly string[];
  readonly ipRange?: readonly string[];
  readonly gateway?: readonly string[];
  readonly auxAddress?: readonly string[];
  readonly ipamDriver?: string;
  readonly ipamOpt?: readonly string[];
  readonly attachable?: boolean;
  readonly internal?: boolean;
  readonly ingress?: boolean;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly scope?: string;
  readonly configFrom?: string;
  readonly configOnly?: boolean;
}

const listing: Listing = {
  columns: [
    ["NETWORK ID", "ID"],
    ["NAME", "Name"],
    ["DRIVER", "Driver"],
    ["SCOPE", "Scope"],
  ],
  more: [
    ["IPV4", "IPv4"],
    ["IPV6", "IPv6"],
    ["INTERNAL", "Internal"],
    ["CREATED AT", "CreatedAt"],
    ["LABELS", "Labels"],
  ],
};

/** `shoal network …` */
export function networkCommands(program: Command, api: () => Api): void {
  const network = program.command("network").description("Manage networks");
  createCommand(network, api);

  listOptions(network.command("ls").alias("list").description("List networks"))
    .option("--no-trunc", "whole ids")
    .action(async (options: ListOptions & { trunc: boolean }) => {
      const found = await api().get<NetworkView[]>(`/networks?${filters(parseFilters(options.filter))}`);
      const sorted = [...found].sort((a, b) => a.Name.localeCompare(b.Name, undefined, { numeric: true }));
      const rows = sorted.map(one => rowOf(one, options.trunc));
      printList(listing, rows, sorted, options);
    });

  inspectCommand(network, "network", name => api().get<NetworkView>(`/networks/${encodeURIComponent(name)}`)).option(
    "-v, --verbose",
    "the same: all is shown",
  );

  network
    .command("rm")
    .alias("remove")
    .description("Remove networks")
    .argument("<network...>")
    .option("-f, --force", "no error for one that is not there")
    .action((names: string[], { force }: { force?: boolean }) =>
      forEachName(names, async name => {
        const path = `/networks/${encodeURIComponent(name)}`;
        if (!force || (await api().find(path))) await api().delete(path);
      }),
    );
}

function createCommand(network: Command, api: () => Api): void {
  network
    .command("create")
    .description("Create a network")
    .argument("<name>")
    .option("-d, --driver <name>", "what makes the network", "overlay")
    .option("-o, --opt <key=value>", "of the driver, like encrypted=true; repeatable", collect)
    .option("--label <key=value>", "repeatable", collect)
    .option("--subnet <cidr>", "repeatable", collect)
    .option("--ip-range <cidr>", "of addresses to give out; repeatable, in the order of the subnets", collect)
    .option("--gateway <address>", "repeatable, in the order of the subnets", collect)
    .option("--aux-address <name=address>", "one that is taken already; repeatable", collect)
    .option("--ipam-driver <name>", "what gives addresses out")
    .option("--ipam-opt <key=value>", "repeatable", collect)
    .option("--attachable", "containers that are no tasks may use it")
    .option("--internal", "no way out")
    .option("--ingress", "the routing mesh's own")
    .option("--ipv4", "with IPv4 (--ipv4=false: without)")
    .option("--ipv6", "with IPv6")
    .option("--scope <scope>", "local or swarm")
    .option("--config-from <network>", "a network of configuration only")
    .option("--config-only", "a configuration for others to be made from")
    .action(async (name: string, options: CreateOptions) => {
      const made = await api().post<{ Id: string; Warning?: string }>("/networks/create", requestFor(name, options));
      if (made.Warning) warn(made.Warning);
      print(made.Id);
    });
}

/** The API's body. Ranges and gateways belong to the subnets in their order. */
function requestFor(name: string, options: CreateOptions): object {
  const { subnet = [], ipRange = [], gateway = [], auxAddress = [] } = options;
  if (Math.max(ipRange.length, gateway.length) > subnet.length)
    throw new CliError("every --ip-range and --gateway needs a --subnet");
  const Config = subnet.map((Subnet, at) =>
    said({
      Subnet,
      IPRange: ipRange[at],
      Gateway: gateway[at],
      AuxiliaryAddresses: at === 0 ? filled(pairs(auxAddress)) : undefined,
    }),
  );
  const ipam = said({ Driver: options.ipamDriver, Options: filled(pairs(options.ipamOpt)), Config });
  return said({
    Name: name,
    CheckDuplicate: true,
    Driver: options.driver,
    Options: filled(pairs(options.opt)),
    Labels: pairs(options.label),
    IPAM: filled(ipam),
    Attachable: options.attachable,
    Internal: options.internal,
    Ingress: options.ingress,
    EnableIPv4: options.ipv4,
    EnableIPv6: options.ipv6,
    Scope: options.scope,
    ConfigOnly: options.configOnly,
    ConfigFrom: options.configFrom === undefined ? undefined : { Network: options.configFrom },
  });
}

function rowOf(network: NetworkView, truncate: boolean): Row {
  return {
    ID: truncate ? shortId(network.Id) : network.Id,
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: String(network.EnableIPv4 ?? false),
    IPv6: String(network.EnableIPv6 ?? false),
    Internal: String(network.Internal ?? false),
    // As Go prints a time, which is what docker's CLI does with it.
    CreatedAt: network.Created.replace("T", " ").replace("Z", " +0000 UTC"),
    Labels: Object.entries(network.Labels ?? {})
      .map(pair => pair.join("="))
      .join(","),
  };
}
