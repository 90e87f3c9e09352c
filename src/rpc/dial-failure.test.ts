import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { dialFailureOf, dialFaultOf } from "./dial-failure.ts";

const serviceError = (code: number, details: string) =>
  Object.assign(new Error(details), { code, details, metadata: new Metadata() });
const none = "No connection established. Last error: ";

describe("a connection that could not be made", () => {
  it.each([
    [`${none}connect ECONNREFUSED 127.0.0.1:9 (2026-11-21T14:00:00.000Z)`, "refused"],
    [`${none}connect EHOSTUNREACH 10.1.1.1:2377`, "unreachable"],
    [`${none}connect ENETUNREACH 10.1.1.1:2377`, "unreachable"],
    [`${none}connect ETIMEDOUT 10.1.1.1:2377`, "timed out"],
    [`${none}Error: unable to verify the first certificate`, "untrusted"],
    [`${none}self-signed certificate in certificate chain`, "untrusted"],
    [`${none}certificate signature failure`, "untrusted"],
    [`${none}certificate has expired`, "expired"],
    [`${none}Hostname/IP does not match certificate's altnames: Host: swarm-manager.`, "wrong name"],
    [`${none}C0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number`, "no tls"],
    [`${none}something new`, "other"],
    ["Name resolution failed for target dns:nowhere:1", "unknown host"],
  ])("%s: %s", (details, kind) => {
    const fault = dialFaultOf("10.0.0.1:2377", serviceError(14, details));
    expect(fault).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^Cannot reach 10.0.0.1:2377: /),
    });
    expect(dialFailureOf(fault)).toBe(kind);
  });

  it("is not what a server's own answer means", () => {
    expect(dialFaultOf("a:1", serviceError(14, "the leader is gone"))).toBeUndefined();
    expect(dialFaultOf("a:1", serviceError(3, `${none}x`))).toBeUndefined();
    expect(dialFailureOf(new Fault("unavailable", "x"))).toBeUndefined();
  });
});
