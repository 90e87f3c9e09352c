import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { ApiError, CliError } from "./failure.ts";

type Headers = Readonly<Record<string, string>>;

/** What a request carries. */
interface Content {
  readonly headers?: Headers;
  readonly bytes?: Uint8Array | undefined;
}

/** The Docker API of one daemon. */
export class Api {
  readonly #target: RequestOptions;
  readonly #host: string;

  /** `host` is `unix://PATH` or `tcp://HOST:PORT`. */
  constructor(host: string) {
    this.#host = host;
    const tcp = /^tcp:\/\/(.+):(\d+)$/.exec(host);
    if (tcp) this.#target = { host: `${tcp[1]}`, port: Number(tcp[2]) };
    else if (host.startsWith("unix://")) this.#target = { socketPath: host.slice("unix://".length) };
    else throw new CliError(`Cannot use "${host}": it must be unix://PATH or tcp://HOST:PORT`);
  }

  get<T>(path: string, headers: Headers = {}): Promise<T> {
    return this.#json<T>("GET", path, undefined, headers);
  }

  /** What is there, or undefined when the daemon knows of no such thing. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  post<T = unknown>(path: string, body: unknown = {}, headers: Headers = {}): Promise<T> {
    return this.#json<T>("POST", path, body, headers);
  }

  delete(path: string): Promise<unknown> {
    return this.#json("DELETE", path);
  }

  /** Sends bytes and gives the answer's. */
  async postForBytes(path: string, body: Uint8Array | undefined, headers: Headers): Promise<Buffer> {
    const answer = await this.#send("POST", path, { headers, bytes: body });
    try {
      return await bytesOf(answer);
    } catch (cause) {
      throw new CliError(`Lost the connection to the daemon at ${this.#host}`, { cause });
    }
  }

  /** The body as it comes, for logs and events; `read` is given it. */
  async stream(path: string, read: (body: IncomingMessage) => Promise<void>): Promise<void> {
    const body = await this.#send("GET", path);
    try {
      await read(body);
    } catch (cause) {
      if (body.complete) throw cause;
      throw new CliError(`Lost the connection to the daemon at ${this.#host}`, { cause });
    }
  }

  async #json<T>(method: string, path: string, body?: unknown, more: Headers = {}): Promise<T> {
    const headers = body === undefined ? more : { "Content-Type": "application/json", ...more };
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const text = await textOf(await this.#send(method, path, { headers, bytes }));
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async #send(method: string, path: string, { headers, bytes }: Content = {}): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const length = bytes && { "Content-Length": bytes.byteLength };
      const call = request({ ...this.#target, method, path, headers: { ...headers, ...length } }, resolve);
      call.on("error", cause => reject(new CliError(`Cannot reach the daemon at ${this.#host}: ${cause.message}`)));
      call.end(bytes);
    });
    const status = response.statusCode ?? 0;
    if (status >= 400) throw new ApiError(status, messageOf(await textOf(response)));
    return response;
  }
}

/** `filters` as the API takes them in a query. */
export function filters(by: Readonly<Record<string, readonly string[]>>): string {
  return `filters=${encodeURIComponent(JSON.stringify(by))}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  return (await bytesOf(response)).toString();
}

/** Rejects when the connection breaks before the body's end. */
async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function messageOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message);
  } catch {
    // Plain text, as old API versions answer.
  }
  return text.trim();
}
