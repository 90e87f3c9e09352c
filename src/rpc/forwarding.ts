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
  return metadataOf(forwarding ? fieldsOf(forwarding) : {});
}

/** The same as text, for calls that have no metadata: JSON, or nothing. */
export function forwardingText(forwarding: Forwarding | undefined): string {
  return forwarding ? JSON.stringify(fieldsOf(forwarding)) : "";
}

/** Reads such a text as `forwardingOf` reads metadata. Fault invalid_argument when it is no JSON object of texts. */
export function forwardingInText(text: string): StatedForwarding {
  if (text === "") return ownCall;
  const fields = jsonObject(text);
  if (!fields) throw new Fault("invalid_argument", "Cannot read for whom a call is made");
  return forwardingOf(metadataOf(fields));
}

function jsonObject(text: string): Record<string, string> | undefined {
  try {
    const fields: unknown = JSON.parse(text);
    return isTexts(fields) ? fields : undefined;
  } catch {
    return undefined;
  }
}

function isTexts(fields: unknown): fields is Record<string, string> {
  return typeof fields === "object" && fields !== null && Object.values(fields).every(one => typeof one === "string");
}

function fieldsOf({ caller, peerAddress }: Forwarding): Record<string, string> {
  return {
    [markKey]: "true",
    [addressKey]: isIP(peerAddress) ? formatAddress(peerAddress, anyPort) : "",
    [nodeIdKey]: caller?.nodeId ?? "",
    [unitKey]: caller ? unitOf(caller.role) : "",
    [clusterKey]: caller?.clusterId ?? "",
  };
}

function metadataOf(fields: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(fields)) metadata.set(key, value);
  return metadata;
}

/** What an incoming call says of itself. */
export interface StatedForwarding {
  /** Whether it claims to be passed on, for somebody or for nobody. */
  readonly forwarded: boolean;
  /** For whom. Fault permission_denied when that is not said in full. To be asked only when the forwarder is believed. */
  forwarding(): Forwarding;
}

const ownCall: StatedForwarding = { forwarded: false, forwarding: () => ({ caller: undefined, peerAddress: "" }) };

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
