import { isIPv4 } from "node:net";
import { type Static, Type } from "typebox";
import { NodeSpec_Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { InitRequest, JoinRequest } from "../backend.ts";
import { invalid, Words } from "../convert/words.ts";
import { HttpError } from "../errors.ts";
import { optionalBoolean, optionalString, optionalStrings, optionalUint32 } from "../schema.ts";
import { defaultDataPathPort, defaultSubnetSize } from "./cluster.ts";
import { clusterSpecBody, toClusterSpec } from "./spec.ts";

const addressMembers = { ListenAddr: optionalString, AdvertiseAddr: optionalString, DataPathAddr: optionalString };

export const initBody = Type.Object({
  ...addressMembers,
  DataPathPort: optionalUint32,
  ForceNewCluster: optionalBoolean,
  Spec: Type.Optional(clusterSpecBody),
  AutoLockManagers: optionalBoolean,
  Availability: optionalString,
  DefaultAddrPool: optionalStrings,
  SubnetSize: optionalUint32,
});

export const joinBody = Type.Object({
  ...addressMembers,
  RemoteAddrs: optionalStrings,
  JoinToken: optionalString,
  Availability: optionalString,
});

export const availabilities = new Words<NodeSpec_Availability>({
  active: NodeSpec_Availability.ACTIVE,
  pause: NodeSpec_Availability.PAUSE,
  drain: NodeSpec_Availability.DRAIN,
});

export function toAvailability(word: string | undefined): NodeSpec_Availability {
  const complaint = () => invalid("Availability")(word ?? "");
  return availabilities.valueOf(word?.toLowerCase(), NodeSpec_Availability.ACTIVE, complaint);
}

/** The pool for clients that name none; the CLI's empty list means that the swarm keeps none of its own. */
const defaultPools = ["10.0.0.0/8"];
const lowestPort = 1024;
const highestPort = 49_151;
/** Longest mask of a subnet taken from a pool: eight addresses. */
const longestMask = 29;

export function toInitRequest(body: Static<typeof initBody>): InitRequest {
  const subnetSize = body.SubnetSize || defaultSubnetSize;
  const addressPools = body.DefaultAddrPool ?? defaultPools;
  checkPools(addressPools, subnetSize);
  // The CLI sets both; other clients one of them.
  const autoLock = body.AutoLockManagers || body.Spec?.EncryptionConfig?.AutoLockManagers || false;
  return {
    ...toAddresses(body),
    dataPathPort: toDataPathPort(body.DataPathPort),
    forceNewCluster: body.ForceNewCluster ?? false,
    spec: toClusterSpec({ ...body.Spec, EncryptionConfig: { AutoLockManagers: autoLock } }),
    autoLock,
    availability: toAvailability(body.Availability),
    addressPools,
    subnetSize,
  };
}

export function toJoinRequest(body: Static<typeof joinBody>): JoinRequest {
  const remotes = body.RemoteAddrs ?? [];
  if (remotes.length === 0) throw new HttpError(400, "at least 1 RemoteAddr is required to join");
  for (const remote of remotes) checkAddress("RemoteAddrs", remote);
  return {
    ...toAddresses(body),
    remotes,
    token: body.JoinToken ?? "",
    availability: toAvailability(body.Availability),
  };
}

function toAddresses(body: { ListenAddr?: string; AdvertiseAddr?: string; DataPathAddr?: string }) {
  const { ListenAddr = "", AdvertiseAddr = "", DataPathAddr = "" } = body;
  if (ListenAddr !== "") checkAddress("ListenAddr", ListenAddr);
  return { listenAddress: ListenAddr, advertiseAddress: AdvertiseAddr, dataPathAddress: DataPathAddr };
}

/** Only the form: what it resolves to is the node's business. */
function checkAddress(field: string, address: string): void {
  const port = /^(?:\[[^\]]+\]|[^:[\]]+)?(?::(\d+))?$/.exec(address.replace(/^tcp:\/\//, ""));
  if (port && Number(port[1] ?? 0) <= 0xffff && address !== "") return;
  throw new HttpError(400, `invalid ${field} ${JSON.stringify(address)}: it must be HOST:PORT`);
}

function toDataPathPort(port = 0): number {
  if (port === 0) return defaultDataPathPort;
  if (port >= lowestPort && port <= highestPort) return port;
  throw new HttpError(400, `DataPathPort ${port} is out of range: it must be between ${lowestPort} and ${highestPort}`);
}

function checkPools(pools: readonly string[], subnetSize: number): void {
  if (subnetSize > longestMask) throw new HttpError(400, `subnet size is out of range: ${subnetSize}`);
  for (const pool of pools) {
    const mask = maskOf(pool);
    if (mask === undefined) throw new HttpError(400, `invalid CIDR address: ${pool}`);
    if (mask > subnetSize) {
      throw new HttpError(400, `invalid DefaultAddrPool ${pool}: it holds no subnet of size ${subnetSize}`);
    }
  }
}

function maskOf(cidr: string): number | undefined {
  const [address, mask, more] = cidr.split("/");
  if (!isIPv4(address ?? "") || more !== undefined || !/^\d{1,2}$/.test(mask ?? "") || Number(mask) > 32)
    return undefined;
  return Number(mask);
}
