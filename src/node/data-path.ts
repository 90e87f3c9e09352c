import { Fault } from "../lib/fault.ts";
import type { HostAddresses } from "../ports/host-addresses.ts";
import { isIp, isUnspecified, resolve } from "./addresses.ts";

/** Where a node's overlay networks are carried, when that is not the address it goes by (`--data-path-addr`). */
export interface DataPath {
  /** An address or an interface's name, as the user said it. */
  readonly asked: string;
  readonly address: string;
}

const badAddress = "data path address must be a non-zero IP address or network interface (without a port number)";

/** The address that a user asks for; undefined when they ask for none. Fault invalid_argument when it cannot be. */
export function chooseDataPath(asked: string, host: HostAddresses): DataPath | undefined {
  if (asked === "") return undefined;
  const { host: address, port } = resolve(asked, 0, host.list(), badAddress);
  if (port !== 0 || isUnspecified(address)) throw new Fault("invalid_argument", badAddress);
  return { asked, address };
}

/** The same at a later start: interfaces get other addresses. The last one is kept while there is none. */
export function dataPathNow(before: DataPath, host: HostAddresses): DataPath {
  if (isIp(before.asked)) return before;
  const own = host.list().filter(each => each.interface === before.asked);
  if (own.length === 0 || own.some(({ address }) => address === before.address)) return before;
  return { ...before, address: resolve(before.asked, 0, own, badAddress).host };
}
