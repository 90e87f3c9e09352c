import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Fault } from "../../lib/fault.ts";

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly caching: string;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** Vite names these by their content. */
const forever = "public, max-age=31536000, immutable";

/** The page's files, kept in memory: they are few and small. */
export class Assets {
  readonly #byPath: ReadonlyMap<string, Asset>;

  private constructor(byPath: ReadonlyMap<string, Asset>) {
    this.#byPath = byPath;
  }

  /** Reads what `npm run build` has put into `directory`. Fault unavailable when it has not been run. */
  static async load(directory: string): Promise<Assets> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
      throw new Fault("unavailable", `Cannot serve the dashboard: "${directory}" is not built`, { cause });
    });
    const byPath = new Map<string, Asset>();
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      byPath.set(`/${relative(directory, file)}`, await assetOf(file));
    }
    return new Assets(byPath);
  }

  /** Sends the file at `path`; the page itself for the paths of its views. False when there is none. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const asset = this.#byPath.get(path) ?? (extname(path) === "" ? this.#byPath.get("/index.html") : undefined);
    if (!asset) return false;
    const zips = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const body = zips ? asset.zipped : asset.plain;
    response.writeHead(200, {
      "Content-Type": asset.type,
      "Content-Length": body.byteLength,
      "Cache-Control": asset.caching,
      Vary: "Accept-Encoding",
      ...(zips && { "Content-Encoding": "gzip" }),
    });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  }
}

async function assetOf(file: string): Promise<Asset> {
  const plain = await readFile(file);
  return {
    type: types[extname(file)] ?? "application/octet-stream",
    plain,
    zipped: await promisify(gzip)(plain),
    caching: file.includes("/assets/") ? forever : "no-cache",
  };
}
