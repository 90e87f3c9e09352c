import type { ServerResponse } from "node:http";
import { isIP } from "node:net";

/** Nothing from elsewhere, nothing inline, no frames. What scripts say of an element's style (a bar's width) needs no leave. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const yearSeconds = 365 * 24 * 60 * 60;

/** What every answer tells the browser not to do. */
export function addSecurityHeaders(response: ServerResponse, isSecure: boolean): void {
  response.setHeader("Content-Security-Policy", contentSecurityPolicy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("X-Frame-Options", "DENY");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  if (isSecure) response.setHeader("Strict-Transport-Security", `max-age=${yearSeconds}`);
}

/** Whether `Host` is ours: an address, localhost, or one of `names`. Others' names that resolve here are not (DNS rebinding). */
export function isOurHost(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? "")
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || names.includes(name);
}
