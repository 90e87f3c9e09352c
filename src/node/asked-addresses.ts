import { asFault, Fault } from "../lib/fault.ts";
import type { HostAddresses } from "../ports/host-addresses.ts";
import {
  type AskedAddresses,
  chooseAddresses,
  defaultClusterPort,
  isEverywhere,
  isIp,
  type NodeAddresses,
  splitAddress,
} from "./addresses.ts";

/**
 * A node's addresses at a later start: what its user asked for, looked up anew, for machines get other addresses while
 * they are off. `last` is kept as long as it still answers to what was asked: of several addresses of an interface,
 * or of the machine, no other is taken without need. Fault unavailable when what was asked for is not there.
 */
export async function lookUpAgain(
  asked: AskedAddresses,
  last: NodeAddresses,
  host: HostAddresses,
): Promise<NodeAddresses> {
  if (isStillThere(asked, last, host)) return last;
  try {
    return await chooseAddresses(asked, host);
  } catch (cause) {
    throw new Fault("unavailable", `Cannot tell this node's address: ${asFault(cause).message}`, { cause });
  }
}

function isStillThere(asked: AskedAddresses, last: NodeAddresses, host: HostAddresses): boolean {
  const machine = host.list();
  const has = (wanted: string, found: string): boolean => {
    const name = hostOf(wanted);
    const address = hostOf(found);
    if (isIp(name)) return true;
    return machine.some(each => each.address === address && (name === "" || each.interface === name));
  };
  if (asked.listen !== "" && !has(asked.listen, last.listen)) return false;
  // Without an advertise address it is the one listened on, when that is only one.
  const wanted = asked.advertise === "" && !isEverywhere(asked.listen) ? asked.listen : asked.advertise;
  return has(wanted, last.advertise);
}

function hostOf(address: string): string {
  return splitAddress(address, defaultClusterPort)?.host ?? "";
}
