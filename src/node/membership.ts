import { asFault } from "../lib/fault.ts";
import { parseCredentials } from "../pki/credentials.ts";
import { loadNodeFiles, saveNodeFiles } from "../pki/key-file.ts";
import type { Disk } from "../ports/disk.ts";
import type { HostAddresses } from "../ports/host-addresses.ts";
import type { Logger } from "../ports/log.ts";
import type { Caller } from "../ports/transport.ts";
import { lookUpAgain } from "./asked-addresses.ts";
import { dataPathNow } from "./data-path.ts";
import type { MemberOptions } from "./member.ts";
import { certificatesIn, forgetMembership, loadState, type NodeState, saveState } from "./state-file.ts";

/** What makes a node a member of a swarm. */
export type Membership = Pick<MemberOptions, "files" | "state" | "beginning">;

/** Where memberships are kept. */
export interface MembershipPlace {
  readonly disk: Disk;
  readonly directory: string;
  readonly addresses: HostAddresses;
  readonly log: Logger;
}

/** Writes a new membership down, in the place of whatever a crash has left of an earlier one. */
export async function writeMembership({ disk, directory }: MembershipPlace, membership: Membership): Promise<void> {
  const { state, files, beginning } = membership;
  await forgetMembership(disk, directory);
  await disk.makeDirectory(directory);
  await saveState(disk, directory, { ...state, ...(beginning && { founding: true }) });
  await saveNodeFiles(disk, certificatesIn(directory), files);
}

/** Notes that the swarm is there, as its founder is to be told. */
export async function noteFounded({ disk, directory }: MembershipPlace, state: NodeState): Promise<void> {
  await saveState(disk, directory, state);
}

/**
 * The membership on the disk, with the addresses that this machine has now; undefined when there is none. Fault
 * data_loss when it makes no sense, unavailable when a manager's address is not to be told, unauthenticated when its keys
 * are locked and `unlockKey` does not open them.
 */
export async function readMembership(place: MembershipPlace, unlockKey?: Uint8Array): Promise<Membership | undefined> {
  const { disk, directory } = place;
  const state = await loadState(disk, directory);
  if (state?.founding) return forgetUnfounded(place);
  const files = state && (await loadNodeFiles(disk, certificatesIn(directory), unlockKey));
  if (!files) return undefined;
  return { files, state: await withAddressesNow(place, state, parseCredentials(files).role) };
}

/** The daemon ended while it founded a swarm: nobody has been told of it, and nothing is lost. */
async function forgetUnfounded({ disk, directory, log }: MembershipPlace): Promise<undefined> {
  log.warn("the founding of a swarm was cut short; this node is in none");
  await forgetMembership(disk, directory);
}

/** Nobody calls a worker: it does with an address that has gone. */
async function withAddressesNow(place: MembershipPlace, state: NodeState, role: Caller["role"]): Promise<NodeState> {
  const { disk, directory, addresses, log } = place;
  if (!state.asked) return state;
  const last = { listen: state.listenAddress, advertise: state.advertiseAddress };
  try {
    const { listen, advertise } = await lookUpAgain(state.asked, last, addresses);
    const dataPath = state.dataPath && dataPathNow(state.dataPath, addresses);
    const isSame = listen === last.listen && advertise === last.advertise;
    if (isSame && dataPath?.address === state.dataPath?.address) return state;
    log.info("this node has another address than before", { before: last.advertise, now: advertise, dataPath });
    const moved = { ...state, listenAddress: listen, advertiseAddress: advertise, ...(dataPath && { dataPath }) };
    await saveState(disk, directory, moved);
    return moved;
  } catch (error) {
    if (role === "manager") throw error;
    log.warn("cannot tell this node's address; going by the one it had", { reason: asFault(error).message });
    return state;
  }
}
