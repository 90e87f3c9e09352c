import type { Annotations } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { invalidArgument } from "./parts.ts";

/** One DNS label, with underscores (RFC 1123 has none; SwarmKit takes them). */
const dnsName = /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/i;
const maxDnsNameLength = 63;
const dataName = /^[a-z0-9](?:[-_.a-z0-9]*[a-z0-9])?$/i;
const maxDataNameLength = 64;

/** Names of services and networks become DNS names. */
export function checkDnsName(annotations: Annotations): void {
  const { name } = annotations;
  if (name === "") throw invalidArgument("meta: name must be provided");
  if (!dnsName.test(name)) throw invalidArgument("name must be valid as a DNS name component");
  if (name.length > maxDnsNameLength) throw invalidArgument("name must be 63 characters or fewer");
}

/** Names of secrets and configs become file names. */
export function checkDataName(annotations: Annotations): void {
  const { name } = annotations;
  if (name === "") throw invalidArgument("name must be provided");
  if (name.length > maxDataNameLength || !dataName.test(name))
    throw invalidArgument(
      "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]",
    );
}
