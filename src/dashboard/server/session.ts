import type { IncomingMessage } from "node:http";
import type { Visitor } from "./door.ts";

const cookieName = "shoal-session";
/** A page's own calls have it; a page of another origin cannot set it without being asked first, and is refused then. */
const ownCallHeader = "x-shoal-dashboard";

/** The session's token as the browser has it; undefined when it has none. */
export function tokenIn(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === cookieName && value) return value;
  }
  return undefined;
}

/** The header that gives a browser its session: no script can read it, no other site's page makes use of it. */
export function sessionCookie(token: string, { expiresMs }: Visitor, isSecure: boolean): string {
  return cookie(token, new Date(expiresMs), isSecure);
}

/** The header that takes it away again. */
export function endedSessionCookie(isSecure: boolean): string {
  return cookie("", new Date(0), isSecure);
}

function cookie(value: string, expires: Date, isSecure: boolean): string {
  const attributes = `Path=/; HttpOnly; SameSite=Strict; Expires=${expires.toUTCString()}`;
  return `${cookieName}=${value}; ${attributes}${isSecure ? "; Secure" : ""}`;
}

/** Whether the browser says that another site's page, or another port's of this host, makes the call. Browsers say so where they trust the way. */
export function isOthersCall({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  return site === "cross-site" || site === "same-site";
}

/**
 * Whether a changing call comes from a page of ours: it has our header, and where the browser says where it comes from,
 * that is here.
 */
export function isOwnCall({ headers }: IncomingMessage): boolean {
  if (headers[ownCallHeader] !== "1") return false;
  if (headers.origin === undefined) return true;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
}
