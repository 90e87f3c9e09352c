import type { IncomingMessage } from "node:http";
import type { Static, TSchema } from "typebox";
import type { Clock } from "../ports/clock.ts";
import { HttpError } from "./errors.ts";
import { parseJson } from "./json-text.ts";
import { checkShape } from "./schema.ts";

/** Bytes of a body that is read into memory. The largest honest one is a config of 1,024,000 bytes in base64. */
export const maxBodyBytes = 4 * 1024 * 1024;

/** Bytes of a body too large that are still read and thrown away before the connection is cut. */
export const maxDiscardedBytes = 64 * 1024 * 1024;

/** Milliseconds a client may take to send such a body. */
export const bodyTimeoutMs = 30_000;

/** The body of one request, read at most once and kept, so that it can still be handed through. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #clock: Clock;
  #bytes: Promise<Buffer> | undefined;
  #name = "";

  constructor(request: IncomingMessage, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
  }

  /** Whether somebody has begun to read it. */
  get taken(): boolean {
    return this.#bytes !== undefined;
  }

  /** What the body calls the object it is about; "" when it does not, or has not been parsed. */
  get name(): string {
    return this.#name;
  }

  /** Rejects with 413 when it is larger than `maxBodyBytes`, 408 when it does not come in `bodyTimeoutMs`. */
  bytes(): Promise<Buffer> {
    this.#bytes ??= readAll(this.#request, this.#clock);
    return this.#bytes;
  }

  async parse<S extends TSchema>(schema: S): Promise<Static<S>> {
    const bytes = await this.bytes();
    if (bytes.length === 0) throw new HttpError(400, "got EOF while reading request body");
    checkContentType(this.#request.headers["content-type"]);
    const sent = parseJson(bytes.toString("utf8"));
    this.#name = nameIn(sent);
    return checkShape(schema, sent);
  }
}

function nameIn(sent: unknown): string {
  if (typeof sent !== "object" || sent === null || !("Name" in sent)) return "";
  return typeof sent.Name === "string" ? sent.Name : "";
}

function checkContentType(header: string | undefined): void {
  const type = (header ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  throw new HttpError(400, `Content-Type specified (${header ?? ""}) must be 'application/json'`);
}

/** Reads on past the limit, keeping nothing, so that a client that writes before it reads gets to see the 413. */
function readAll(request: IncomingMessage, clock: Clock): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxDiscardedBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: HttpError) => {
      timer.cancel();
      chunks.length = 0;
      request.off("data", take);
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxDiscardedBytes) return fail(tooLarge());
      if (size > maxBodyBytes) chunks.length = 0;
      else chunks.push(chunk);
    };
    const timer = clock.after(bodyTimeoutMs, () => {
      fail(new HttpError(408, `the request body did not come within ${bodyTimeoutMs / 1000} s`));
    });
    const cutOff = (): void => fail(new HttpError(400, "unexpected EOF"));
    request.on("data", take);
    request.on("end", () => {
      // Every request closes in the end.
      request.off("close", cutOff);
      if (size > maxBodyBytes) return fail(tooLarge());
      timer.cancel();
      resolve(Buffer.concat(chunks, size));
    });
    request.on("error", cutOff);
    request.on("close", cutOff);
  });
}

function tooLarge(): HttpError {
  return new HttpError(413, `the request body is larger than ${maxBodyBytes} bytes`);
}
