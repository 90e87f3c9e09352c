import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/*
 * A registry (the read half of the OCI distribution API) with one image of the layers given, for an engine that runs in
 * the same network namespace: engines take 127.0.0.0/8 without TLS.
 *
 *   registry-server.ts LOGIN GATE LAYER.tar…
 *
 * Repositories are named as one likes: those below `open/` are for everybody, all others for who logs in with LOGIN
 * (user:password). Of a repository whose name ends in `slow` the last layer comes once the file GATE exists. Says its
 * port on the first line of its output, then each request.
 */

interface Blob {
  readonly type: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** How often it looks for the gate, in milliseconds. */
const gatePeriodMs = 50;
const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

/** What who comes with the login gets, and who comes without: as Docker's own registries do, with bearer tokens. */
const known = randomUUID();
const anonymous = randomUUID();

const [login = "", gate = "", ...archives] = process.argv.slice(2);
const user = `Basic ${Buffer.from(login).toString("base64")}`;
const layers = archives.map(path => readFileSync(path));
const layerBlobs = layers.map(tar => blob("application/vnd.docker.image.rootfs.diff.tar.gzip", gzipSync(tar)));
const config = blob("application/vnd.docker.container.image.v1+json", json(imageConfig()));
const manifest = blob(
  manifestType,
  json({ schemaVersion: 2, mediaType: manifestType, config: sizeOf(config), layers: layerBlobs.map(sizeOf) }),
);
const manifests = new Map(["1", "latest", manifest.digest].map(name => [name, manifest]));
const blobs = new Map([config, ...layerBlobs].map(each => [each.digest, each]));

function imageConfig(): object {
  const digests = layers.map(digestOf);
  const architecture = { x64: "amd64" }[process.arch as string] ?? process.arch;
  return {
    architecture,
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: digests },
    history: digests.map(() => ({ created: "2026-01-01T00:00:00Z", created_by: "a test" })),
  };
}

function blob(type: string, bytes: Buffer): Blob {
  return { type, bytes, digest: digestOf(bytes) };
}

function sizeOf({ type, digest, bytes }: Blob): object {
  return { mediaType: type, digest, size: bytes.length };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [, repository = "", kind = "", reference = ""] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? "") ?? [];
  const url = request.url ?? "";
  const { authorization } = request.headers;
  if (url.startsWith("/token?")) {
    if (authorization === undefined || authorization === user) sendToken(response, authorization ? known : anonymous);
    else fail(response, 401, "UNAUTHORIZED");
  } else if (authorization !== `Bearer ${known}` && !(isOpen(url) && authorization === `Bearer ${anonymous}`)) {
    const realm = `http://${request.headers.host}/token`;
    response.setHeader("WWW-Authenticate", `Bearer realm="${realm}",service="tests"`);
    fail(response, 401, "UNAUTHORIZED");
  } else if (url === "/v2/") {
    response.writeHead(200).end("{}");
  } else {
    const found = kind === "manifests" ? manifests.get(reference) : blobs.get(reference);
    const held = repository.endsWith("slow") && found === layerBlobs.at(-1);
    if (found) sendWhen(() => !held || existsSync(gate), request, response, found);
    else fail(response, 404, kind === "manifests" ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN");
  }
}

function isOpen(url: string): boolean {
  return url === "/v2/" || url.startsWith("/v2/open/");
}

function sendToken(response: ServerResponse, token: string): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ token, expires_in: 3600 }));
}

function sendWhen(open: () => boolean, request: IncomingMessage, response: ServerResponse, found: Blob): void {
  if (open()) send(request, response, found);
  else if (!response.destroyed) setTimeout(() => sendWhen(open, request, response, found), gatePeriodMs);
}

function send(request: IncomingMessage, response: ServerResponse, { type, digest, bytes }: Blob): void {
  const headers = { "Content-Type": type, "Content-Length": bytes.length, "Docker-Content-Digest": digest };
  response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : bytes);
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }));
}

const server = createServer((request, response) => {
  response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
  response.once("finish", () => process.stdout.write(`${response.statusCode} ${request.method} ${request.url}\n`));
  answer(request, response);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" && address ? address.port : 0}\n`);
});
