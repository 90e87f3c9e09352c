import type { IncomingMessage } from "node:http";
import { type Api, filters } from "../api.ts";
import { CliError } from "../failure.ts";
import { type Listing, type ListOptions, printList, type Row } from "../list/listing.ts";
import type { NodeView, ServiceView, TaskView } from "../types.ts";

/** Samples one a period, the newest last; null where it is not known. */
interface Series {
  readonly CPUs: readonly (number | null)[];
  readonly Memory: readonly (number | null)[];
}

/** What `GET /shoal/usage` begins with: the last hour. */
export interface UsageView {
  readonly Total: Series;
  readonly Tasks: Readonly<Record<string, Series>>;
  readonly LeftOut: number;
}

/** Samples of which the newest known one stands for now: nodes do not report at the same moment. */
const newestSamples = 3;
const mebibyte = 2 ** 20;

const listing: Listing = {
  columns: [
    ["NAME", "Name"],
    ["NODE", "Node"],
    ["CPU", "CPU"],
    ["MEMORY", "Memory"],
    ["CPU AT MOST", "MostCPU"],
    ["MEMORY AT MOST", "MostMemory"],
  ],
  id: "ID",
};

/** What a service's tasks use now and have used at most in the last hour, each and in sum. */
export async function printUsage(api: Api, service: ServiceView, options: ListOptions): Promise<void> {
  const usage = await firstOf(api, service.ID);
  const [tasks, nodes] = await Promise.all([
    api.get<TaskView[]>(`/tasks?${filters({ service: [service.ID] })}`),
    api.get<NodeView[]>("/nodes"),
  ]);
  const nodeNames = new Map(nodes.map(node => [node.ID, node.Description.Hostname]));
  const places = new Map(
    tasks.map(({ ID, Slot, NodeID = "" }) => {
      const node = nodeNames.get(NodeID) ?? NodeID;
      return [ID, { name: `${service.Spec.Name}.${Slot || node}`, node }];
    }),
  );
  printList(listing, usageRows(usage, places), usage, options);
}

/** A row a task in the order of their names, then one of all: in those that are left out are too. */
export function usageRows(
  { Total, Tasks, LeftOut }: UsageView,
  places: ReadonlyMap<string, { readonly name: string; readonly node: string }>,
): Row[] {
  const rows = Object.entries(Tasks).map(([id, series]) => {
    const { name = id, node = "" } = places.get(id) ?? {};
    return { ID: id, Name: name, Node: node, ...figuresOf(series) };
  });
  rows.sort((a, b) => a.Name.localeCompare(b.Name, "en", { numeric: true }));
  const all = LeftOut > 0 ? `all, and ${LeftOut} more` : "all";
  return [...rows, { ID: "", Name: all, Node: "", ...figuresOf(Total) }];
}

function figuresOf({ CPUs, Memory }: Series) {
  return {
    CPU: figure(latest(CPUs), cpus),
    Memory: figure(latest(Memory), mebibytes),
    MostCPU: figure(highest(CPUs), cpus),
    MostMemory: figure(highest(Memory), mebibytes),
  };
}

const figure = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? "not known" : format(value);
const cpus = (value: number): string => value.toFixed(2);
const mebibytes = (value: number): string => `${(value / mebibyte).toFixed(1)} MiB`;

function latest(values: readonly (number | null)[]): number | undefined {
  return values.slice(-newestSamples).findLast(value => value !== null) ?? undefined;
}

function highest(values: readonly (number | null)[]): number | undefined {
  const known = values.filter(value => value !== null);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** The stream's first event is the last hour; the rest is for who goes on looking. */
async function firstOf(api: Api, serviceId: string): Promise<UsageView> {
  let text = "";
  await api.stream(`/shoal/usage?service=${serviceId}`, async (body: IncomingMessage) => {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes("\n\n")) return;
    }
  });
  const [, data] = /^event: usage\ndata: (.*)$/m.exec(text) ?? [];
  if (data === undefined) throw new CliError("Cannot tell what the service uses: the leader has just changed");
  return JSON.parse(data) as UsageView;
}
