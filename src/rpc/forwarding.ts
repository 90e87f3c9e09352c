import { isIP } from "node:net";
import { Metadata } from "@grpc/grpc-js";
import { Fault } from "../lib/fault.ts";
import { identityOf, unitOf } from "../pki/subject.ts";
import type { Forwarding } from "../ports/transport.ts";
import { formatAddress, parseAddress } from "./address.ts";

/*
 * A manager that does not lead passes calls on to the leader, and says in metadata whose they are (SwarmKit:
 * ca/forward.go). The mark is there for callers without a certificate too: without it the call would be the manager's own.
 */

const markKey = "forwarded_cert";
const nodeIdKey = "forwarded_cert_cn";
const unitKey = "forwarded_cert_ou";
const clusterKey = "forwarded_cert_org";
const addressKey = "remote_addr";
/** The other side wants HOST:PORT; nobody needs to know the port a caller had. */
const anyPort = 0;

/** What goes out with a call: nothing unless it is passed on for somebody else. */
export function forwardingMetadata(forwarding: Forwarding | undefined): Metadata {
  const metadata = new Metadata();
  if (!forwarding) return metadata;
  const { caller, peerAddress } = forwarding;
  metadata.set(markKey, "true");
  metadata.set(addressKey, isIP(peerAddress) ? formatAddress(peerAddress, anyPort) : "");
  metadata.set(nodeIdKey, caller?.nodeId ?? "");
  metadata.set(unitKey, caller ? unitOf(caller.role) : "");
  metadata.set(clusterKey, caller?.clusterId ?? "");
  return metadata;
}

/** What an incoming call says of itself. */
export interface StatedForwarding {
  /** Whether it claims to be passed on, for somebody or for nobody. */
  readonly forwarded: boolean;
  /** For whom. Fault permission_denied when that is not said in full. To be asked only when the forwarder is believed. */
  forwarding(): Forwarding;
}

/** Reads what an incoming call says of itself. Any value of the mark counts as the mark: there is no harmless one. */
export function forwardingOf(metadata: Metadata): StatedForwarding {
  return {
    forwarded: metadata.get(markKey).length > 0,
    forwarding: () => {
      const subject = { CN: only(metadata, nodeIdKey), OU: only(metadata, unitKey), O: only(metadata, clusterKey) };
      const isNobody = Object.values(subject).every(part => part === "");
      const caller = isNobody ? undefined : identityOf(subject);
      if (!isNobody && !caller) throw incomplete();
      return { caller, peerAddress: addressOf(only(metadata, addressKey)) };
    },
  };
}

/** The one value of a key, "" when there is none. */
function only(metadata: Metadata, key: string): string {
  const [value = "", ...more] = metadata.get(key);
  if (more.length > 0) throw incomplete();
  return String(value);
}

/** The IP address in "IP:PORT" or "IP"; "" for anything else. */
function addressOf(text: string): string {
  if (isIP(text)) return text;
  try {
    const { host } = parseAddress(text);
    return isIP(host) ? host : "";
  } catch {
    return "";
  }
}

function incomplete(): Fault {
  return new Fault("permission_denied", "Permission denied: missing information in forwarded request");
}
