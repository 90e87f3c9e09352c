import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AssertionError } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { type LogFields, type Logger, silentLogger } from "../ports/log.ts";
import { maxStatusTextLength } from "./limits.ts";
import { statusOf, thrownFault } from "./status.ts";

describe("a fault on the wire", () => {
  it("keeps its code and text", () => {
    expect(statusOf(new Fault("not_found", "service web not found"))).toEqual({
      code: 5,
      details: "service web not found",
    });
  });

  it("is cut to what a header holds, and never in the middle of a character", () => {
    const { details } = statusOf(new Fault("unknown", `${"x".repeat(maxStatusTextLength - 1)}☃😀`));
    expect(details.length).toBe(maxStatusTextLength);
    expect(() => encodeURI(details)).not.toThrow();
    const half = statusOf(new Fault("unknown", `${"x".repeat(maxStatusTextLength - 1)}😀`)).details;
    expect(half.at(-1)).toBe("\ufffd");
  });
});

describe("what a handler throws", () => {
  const logged: [string, LogFields | undefined][] = [];
  const log: Logger = { ...silentLogger, error: (message, fields) => logged.push([message, fields]) };
  const uncaught: unknown[] = [];
  const keep = (error: unknown) => uncaught.push(error);
  let others: NodeJS.UncaughtExceptionListener[];

  beforeEach(() => {
    logged.length = 0;
    uncaught.length = 0;
    others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", keep);
  });
  afterEach(() => {
    process.off("uncaughtException", keep);
    for (const listener of others) process.on("uncaughtException", listener);
  });

  it("passes when it is a Fault, unlogged", () => {
    const fault = new Fault("aborted", "x");
    expect([thrownFault(fault, "m", log), logged]).toEqual([fault, []]);
  });

  it("is logged and told as unknown when it is anything else", async () => {
    const error = new TypeError("x is undefined");
    expect(thrownFault(error, "m", log)).toMatchObject({ code: "unknown", message: "x is undefined" });
    expect(logged).toEqual([["a call failed unexpectedly", { method: "m", error }]]);
    await new Promise(resolve => setImmediate(resolve));
    expect(uncaught).toEqual([]);
  });

  it("ends the process when it is a broken assertion", async () => {
    const error = new AssertionError("the store is missing");
    thrownFault(error, "m", log);
    await new Promise(resolve => setImmediate(resolve));
    expect(uncaught).toEqual([error]);
  });
});
