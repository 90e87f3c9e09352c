import type { HostAddresses } from "../ports/host-addresses.ts";
import { type AskedAddresses, chooseAddresses, isEverywhere } from "./addresses.ts";
import { chooseDataPath } from "./data-path.ts";
import type { NodeState } from "./state-file.ts";

interface Request {
  readonly listenAddress: string;
  readonly advertiseAddress: string;
}

/** What a node remembers of a swarm that it founds (no remotes) or joins. Fault invalid_argument for unusable addresses. */
export async function newState(
  request: Request & { readonly dataPathAddress: string; readonly remotes: readonly string[] },
  host: HostAddresses,
): Promise<NodeState> {
  const { listenAddress, advertiseAddress, dataPathAddress, remotes } = request;
  const asked = { listen: listenAddress, advertise: advertiseAddress, remote: remotes[0] ?? "" };
  const addresses = await withAddresses(asked, host);
  const dataPath = chooseDataPath(dataPathAddress, host);
  const managers = remotes.length > 0 ? [...remotes] : [addresses.advertiseAddress];
  return { ...addresses, ...(dataPath && { dataPath }), managers };
}

/** The same for a manager that begins its swarm anew: it keeps its addresses unless others are asked for. */
export async function stateForNewCluster(request: Request, before: NodeState, host: HostAddresses): Promise<NodeState> {
  const { listenAddress, advertiseAddress } = request;
  // The docker CLI always says where to listen; everywhere is what it says by itself.
  const addresses =
    advertiseAddress === "" && isEverywhere(listenAddress)
      ? before
      : await withAddresses({ listen: listenAddress, advertise: advertiseAddress, remote: "" }, host);
  return { ...before, ...addresses, managers: [addresses.advertiseAddress] };
}

async function withAddresses(asked: AskedAddresses, host: HostAddresses) {
  const { listen, advertise } = await chooseAddresses(asked, host);
  return { listenAddress: listen, advertiseAddress: advertise, asked };
}
