import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { HttpError } from "./errors.ts";

/*
 * A web page can make its visitor's browser send requests to an unprotected listener: by an address of the visitor's
 * machine (then the browser adds Origin), or by a name of its own that resolves there (DNS rebinding; then Host is that
 * name). No Docker client does either.
 */

/** 403 for a request that a web page may have sent. `hosts` are names that are ours, besides addresses and localhost. */
export function refuseBrowsers(request: IncomingMessage, hosts: readonly string[]): void {
  if (request.headers.origin !== undefined) throw new HttpError(403, "requests from web pages are not answered");
  const name = hostName(request.headers.host ?? "");
  if (name === "" || isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost")) return;
  if (!hosts.includes(name)) throw new HttpError(403, `Host ${JSON.stringify(name)} is not a name of this listener`);
}

/** Without port and brackets. */
function hostName(header: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(header);
  return (bracketed?.[1] ?? header.replace(/:\d+$/, "")).toLowerCase();
}
