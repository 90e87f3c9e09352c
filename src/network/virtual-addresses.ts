import { bareAddress } from "./addresses.ts";
import type { Plane } from "./plane-state.ts";

/** The services' virtual addresses on a network, without lengths. */
export function virtualAddressesOn(plane: Plane, networkId: string): string[] {
  return [...plane.services.values()].flatMap(service =>
    service.virtualIps.filter(vip => vip.networkId === networkId).map(vip => bareAddress(vip.address)),
  );
}
