/** Plain data as it goes into JSON. Integers of the model (bigint) are converted with `integer` first. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export type Headers = Readonly<Record<string, string>>;

/** What a handler wants to be answered. The server adds the headers that every answer has. */
export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly value: Json }
  | { readonly kind: "text"; readonly status: number; readonly text: string; readonly headers: Headers }
  | { readonly kind: "empty"; readonly status: number; readonly headers: Headers }
  | {
      readonly kind: "stream";
      readonly contentType: string;
      /** Written as they come, with backpressure. A throw cuts the connection. */
      readonly chunks: AsyncIterable<Uint8Array | string>;
    }
  /** The handler has given the request to the engine, which writes the response itself. */
  | { readonly kind: "handed-through" };

export const json = (value: Json, status = 200): Answer => ({ kind: "json", status, value });
export const text = (body: string, status = 200, headers: Headers = {}): Answer => ({
  kind: "text",
  status,
  text: body,
  headers,
});
export const empty = (status = 200, headers: Headers = {}): Answer => ({ kind: "empty", status, headers });
export const stream = (contentType: string, chunks: AsyncIterable<Uint8Array | string>): Answer => ({
  kind: "stream",
  contentType,
  chunks,
});

/**
 * An integer of the model as a JSON number. Docker's clients read numbers of up to 64 bits; ours are exact up to 2^53,
 * which versions, nanoseconds of durations up to 104 days and bytes never exceed (longer durations are rounded).
 */
export function integer(value: bigint): number {
  return Number(value);
}
