import { Agent, type RequestOptions, request } from "node:https";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { Fault } from "../lib/fault.ts";
import type { IdentitySource } from "../pki/live-identity.ts";
import type { HttpsAnswer, HttpsClient, HttpsLimits, HttpsServer } from "../ports/https.ts";

/** Connections to one server at a time; what is more waits its turn. */
const maxConnections = 16;
const httpsPort = 443;

/** HTTPS to servers outside the swarm. They are shown the certificate that this node has at the time. */
export function systemHttps(identity: IdentitySource): HttpsClient {
  const agent = new Agent({ maxSockets: maxConnections });
  return {
    post: (server, json, limits) => post({ ...secrets(identity, server), agent }, server, json, limits),
    greet: (server, timeoutMs) => greet(secrets(identity, server), server, timeoutMs),
  };
}

type Secrets = Pick<RequestOptions, "ca" | "cert" | "key" | "minVersion">;

function secrets(identity: IdentitySource, { rootPem: ca }: HttpsServer): Secrets {
  const { certificatePem: cert, keyPem: key } = identity.current() ?? {};
  return { ca, cert, key, minVersion: "TLSv1.2" };
}

async function post(
  options: RequestOptions,
  { url }: HttpsServer,
  json: string,
  { timeoutMs, maxBytes }: HttpsLimits,
): Promise<HttpsAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(json) };
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(unreachable(url, signal.aborted ? `no answer in ${timeoutMs} ms` : error));
    const call = request(parsed(url), { ...options, method: "POST", headers, signal }, response => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) response.destroy(new Error(`its answer is longer than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on("error", failed);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    call.on("error", failed);
    call.end(json);
  });
}

async function greet(options: Secrets, { url }: HttpsServer, timeoutMs: number): Promise<void> {
  const { hostname, port } = parsed(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ ...options, ...named, host, port: Number(port) || httpsPort });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    socket.on("close", () => clearTimeout(timer));
    socket.on("error", error => reject(unreachable(url, error)));
    socket.on("secureConnect", () => {
      socket.destroy();
      resolve();
    });
  });
}

function parsed(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== "https:") throw unreachable(url, "not an https URL");
  return target;
}

function unreachable(url: string, cause: Error | string): Fault {
  const reason = typeof cause === "string" ? cause : reasonOf(cause);
  return new Fault("unavailable", `Cannot reach ${url}: ${reason}`, { cause });
}

/** OpenSSL's messages name threads and source files; its reasons say what is the matter. */
function reasonOf(error: Error & { readonly reason?: unknown }): string {
  return typeof error.reason === "string" ? error.reason : error.message;
}
