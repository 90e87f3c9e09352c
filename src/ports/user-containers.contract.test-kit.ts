import type { UserContainer, UserContainers, WantedEndpoint } from "./user-containers.ts";

/** What a user does with an engine. */
export interface EngineUser {
  createNetwork(name: string, cidr: string): Promise<void>;
  /** A container that sleeps, on one network, which need not be there; its id. */
  create(name: string, network: string, wanted: Omit<WantedEndpoint, "options">): Promise<string>;
  start(id: string): Promise<void>;
  stop(id: string): Promise<void>;
}

const prefix = "shoal-kit-";
const [one, two] = [`${prefix}b-one`, `${prefix}b-two`] as const;

/** Moves a container between networks, before it runs, while it does and after; what was seen after each step, as plain values. */
export async function exerciseUserContainers(containers: UserContainers, user: EngineUser): Promise<unknown> {
  const seen: unknown[] = [];
  const note = async (step: string): Promise<void> => {
    const found = await containers.find("kit");
    seen.push([step, found && plain(found), (await containers.on(prefix)).map(plain)]);
  };
  await user.createNetwork(one, "10.66.1.0/24");
  await user.createNetwork(two, "10.66.2.0/24");
  const id = await user.create("kit", "net", { fixed: ["10.66.1.9"], aliases: ["alias"] });
  await note("made on a network that is not there");
  await containers.disconnect(id, "net");
  await containers.connect(id, one, { fixed: ["10.66.1.7"], aliases: ["alias"], options: { "io.shoal.kit": "1" } });
  await note("given another place");
  await user.start(id);
  await note("started");
  await containers.connect(id, two, { fixed: ["10.66.2.7"], aliases: [], options: {} });
  await note("connected while it runs");
  for (const network of [two, two, "nowhere"]) await containers.disconnect(id, network);
  await note("disconnected while it runs, twice");
  await user.stop(id);
  await note("stopped");
  const known = await Promise.all([one, "net"].map(network => containers.hasNetwork(network)));
  seen.push(["networks", known, await exerciseChanges(containers, () => user.start(id))]);
  await user.stop(id);
  for (let times = 0; times < 2; times += 1) await containers.remove(id);
  await containers.disconnect(id, one);
  await note("removed, twice");
  return seen;
}

/** How many values came at once, and after something happened. */
async function exerciseChanges(containers: UserContainers, happen: () => Promise<void>): Promise<string[]> {
  const over = new AbortController();
  const values: string[] = [];
  for await (const _ of containers.changes(over.signal)) {
    const isUp = (await containers.on(prefix)).some(container => container.isUp);
    if (values.length === 0) {
      values.push(isUp ? "up at once" : "down at once");
      await happen();
    } else if (isUp) {
      values.push("up after it was started");
      over.abort();
    }
  }
  return values;
}

/** Engines add the beginning of a container's id to its aliases. */
function plain({ id, endpoints, ...container }: UserContainer): unknown {
  const places = [...endpoints].map(([name, { aliases, ...endpoint }]) => ({
    ...{ name, ...endpoint },
    aliases: aliases.filter(alias => !id.startsWith(alias)),
  }));
  return { ...container, places };
}
