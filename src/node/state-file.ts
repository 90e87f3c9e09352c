import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { Fault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import { defaultClusterPort, splitAddress } from "./addresses.ts";

const NodeState = Type.Object({
  /** HOST:PORT each. */
  listenAddress: Type.String(),
  advertiseAddress: Type.String(),
  /** What the user asked for instead of addresses, to be looked up again at each start. */
  asked: Type.Optional(Type.Object({ listen: Type.String(), advertise: Type.String(), remote: Type.String() })),
  /** Where overlay networks are carried, when the user asked for an address of its own for that. */
  dataPath: Type.Optional(Type.Object({ asked: Type.String(), address: Type.String() })),
  /** Managers to reach, best known last time. */
  managers: Type.Array(Type.String()),
  /** Set while the swarm is being founded: until that is done there is none. */
  founding: Type.Optional(Type.Boolean()),
});

/** What a node remembers of its membership besides its certificate. Nothing secret. */
export type NodeState = Static<typeof NodeState>;

/** The address other nodes know this one by, without port. */
export function addressOf({ advertiseAddress }: NodeState): string {
  return splitAddress(advertiseAddress, defaultClusterPort)?.host ?? advertiseAddress;
}

/** The address by which other nodes' overlay networks reach this one. */
export function dataAddressOf(state: NodeState): string {
  return state.dataPath?.address ?? addressOf(state);
}

const fileName = "node.json";

/** Where a node keeps its key and certificates, in its directory. */
export function certificatesIn(directory: string): string {
  return `${directory}/certificates`;
}

/** Where a manager keeps its log. */
export function logIn(directory: string): string {
  return `${directory}/raft`;
}

/** The node's memory of its swarm; undefined when it is in none. Fault data_loss when the file makes no sense. */
export async function loadState(disk: Disk, directory: string): Promise<NodeState | undefined> {
  const path = `${directory}/${fileName}`;
  const content = await disk.read(path);
  if (!content) return undefined;
  try {
    return Value.Parse(NodeState, JSON.parse(new TextDecoder().decode(content)));
  } catch (cause) {
    throw new Fault("data_loss", `Cannot read "${path}": not what this daemon wrote`, { cause });
  }
}

export function saveState(disk: Disk, directory: string, state: NodeState): Promise<void> {
  return disk.replace(`${directory}/${fileName}`, new TextEncoder().encode(`${JSON.stringify(state, undefined, 2)}\n`));
}

/**
 * Forgets the membership: the file that makes a node a member goes first, so that what a crash leaves of the rest is
 * taken for nothing.
 */
export async function forgetMembership(disk: Disk, directory: string): Promise<void> {
  await disk.remove(`${directory}/${fileName}`);
  await disk.remove(directory);
}
