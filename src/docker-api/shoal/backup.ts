import { Fault } from "../../lib/fault.ts";
import { type Answer, json, stream } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { HttpError } from "../errors.ts";
import { requireManager } from "../manager.ts";
import type { Route } from "../route.ts";

/** Carries the passphrase, in base64: a header's bytes are not a text's, and queries end up in logs. */
const passphraseHeader = "x-shoal-passphrase";
/** Bytes of a backup that are taken: it is held in memory whole. */
export const maxBackupBytes = 1024 * 1024 * 1024;
/** Bytes given to the connection at a time. */
const partBytes = 1024 * 1024;

/** Shoal's own: a manager's swarm in a file, and back. */
export const backupRoutes: readonly Route[] = [
  { method: "POST", path: "/shoal/backup", handler: backup },
  { method: "POST", path: "/shoal/restore", handler: restore },
];

async function backup(context: RouteContext): Promise<Answer> {
  requireManager(context.backend.status());
  return stream("application/octet-stream", parts(await context.backend.backup(passphraseOf(context))));
}

async function restore(context: RouteContext): Promise<Answer> {
  const passphrase = passphraseOf(context);
  const { query } = context;
  const nodeId = await context.backend.restore({
    file: await readFile(context),
    passphrase,
    listenAddress: query.get("listenAddr") ?? "",
    advertiseAddress: query.get("advertiseAddr") ?? "",
  });
  return json({ NodeID: nodeId });
}

function passphraseOf({ request }: RouteContext): string {
  const header = request.headers[passphraseHeader];
  if (typeof header !== "string") throw new HttpError(400, `the passphrase is missing: send it as ${passphraseHeader}`);
  return Buffer.from(header, "base64").toString("utf8");
}

async function readFile({ request }: RouteContext): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBackupBytes) throw new HttpError(413, `the backup is larger than ${maxBackupBytes} bytes`);
    chunks.push(chunk);
  }
  if (!request.complete) throw new Fault("cancelled", "the backup did not come whole");
  return Buffer.concat(chunks, size);
}

async function* parts(file: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < file.byteLength; at += partBytes) yield file.subarray(at, at + partBytes);
}
