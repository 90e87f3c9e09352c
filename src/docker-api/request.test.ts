import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { SimClock, settle } from "../sim/clock.ts";
import { bodyTimeoutMs, maxBodyBytes, maxDiscardedBytes, RequestBody } from "./request.ts";

interface Incoming {
  readonly stream: PassThrough;
  readonly clock: SimClock;
  readonly body: RequestBody;
}

function incoming(headers: Record<string, string> = { "content-type": "application/json" }): Incoming {
  const stream = new PassThrough();
  const clock = new SimClock();
  const request = Object.assign(stream, { headers }) as object as IncomingMessage;
  return { stream, clock, body: new RequestBody(request, clock) };
}

describe("a request's body", () => {
  it("is read once and may be had again", async () => {
    const { stream, clock, body } = incoming();
    expect(body.taken).toBe(false);
    const first = body.parse(Type.Object({ a: Type.Integer() }));
    stream.write('{"a"');
    stream.end(":1}");
    expect(await first).toEqual({ a: 1 });
    expect(body.taken).toBe(true);
    expect(String(await body.bytes())).toBe('{"a":1}');
    expect(clock.pending).toBe(0);
  });

  it("must come in time", async () => {
    const { stream, clock, body } = incoming();
    const bytes = body.bytes();
    const refused = expect(bytes).rejects.toMatchObject({ status: 408 });
    stream.write("{");
    await clock.advance(bodyTimeoutMs - 1);
    await clock.advance(1);
    await refused;
  });

  it("is cut off when the client goes away", async () => {
    const { stream, clock, body } = incoming();
    const refused = expect(body.bytes()).rejects.toMatchObject({ status: 400, message: "unexpected EOF" });
    stream.destroy();
    await refused;
    expect(clock.pending).toBe(0);
  });

  it("may be as large as its limit, and is read out when larger, up to another limit", async () => {
    const fits = incoming();
    const bytes = fits.body.bytes();
    fits.stream.end(Buffer.alloc(maxBodyBytes));
    expect((await bytes).length).toBe(maxBodyBytes);

    const large = incoming();
    const refused = expect(large.body.bytes()).rejects.toMatchObject({ status: 413 });
    large.stream.write(Buffer.alloc(maxBodyBytes + 1));
    await settle();
    large.stream.end();
    await refused;

    const announced = incoming({ "content-length": String(maxDiscardedBytes + 1) });
    await expect(announced.body.bytes()).rejects.toMatchObject({ status: 413 });
  });
});
