import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { HttpError } from "./errors.ts";

/*
 * A web page can make its visitor's browser send requests to a listener: by an address of the visitor's machine (then
 * the browser adds Origin), or by a name of its own that resolves there (DNS rebinding; then Host is that name). No
 * Docker client does either. Over TLS the browser may even have a client's certificate to show.
 */

/** 403 for a request that a web page may have sent. `hosts` are names that are ours, besides addresses and localhost. */
export function refuseBrowsers(request: IncomingMessage, hosts: readonly string[]): void {
  if (request.headers.origin !== undefined) throw new HttpError(403, "requests from web pages are not answered");
  const name = hostName(request.headers.host ?? "");
  if (name === "" || isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost")) return;
  if (!hosts.some(host => isOneOf(host, name)))
    throw new HttpError(403, `Host ${JSON.stringify(name)} is not a name of this listener`);
}

/** The names a certificate is for, `*.example` among them: who has checked it has asked for one of these. */
export function certificateNames(pem: string): string[] {
  const { subject, subjectAltName = "" } = new X509Certificate(pem);
  const alternative = [...subjectAltName.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = ""]) => name);
  const common = /(?:^|\n)CN=(.+)/.exec(subject)?.[1];
  return [...alternative, ...(common === undefined ? [] : [common])].map(name => name.toLowerCase());
}

/** `*.` stands for one label (RFC 6125 6.4.3). */
function isOneOf(host: string, name: string): boolean {
  if (!host.startsWith("*.")) return host === name;
  return name.includes(".") && name.slice(name.indexOf(".")) === host.slice(1);
}

/** Without port and brackets. */
function hostName(header: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(header);
  return (bracketed?.[1] ?? header.replace(/:\d+$/, "")).toLowerCase();
}
