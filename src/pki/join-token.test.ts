import { describe, expect, it } from "vitest";
import { SimRandom } from "../sim/random.ts";
import { digestOf, formatJoinToken, judgeJoinToken, newJoinToken, parseJoinToken } from "./join-token.ts";

const random = new SimRandom(7);
const digest = digestOf("a root");
const worker = newJoinToken(digest, random);
const manager = newJoinToken(digest, random);
const current = { worker, manager };
const otherSecret = newJoinToken(digest, random);
const otherRoot = formatJoinToken({ digest: digestOf("another root"), secret: parseJoinToken(worker).secret });

describe("join tokens", () => {
  it("are the digest and the secret in base 36", () => {
    expect(worker).toMatch(/^SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
    expect(parseJoinToken(worker).digest).toBe(digest);
    expect(formatJoinToken(parseJoinToken(worker))).toBe(worker);
  });

  it("digest a root certificate as Docker 20.10 does", () => {
    expect(digestOf(dockersRoot)).toBe("5ke2jrskiy9mx1yvscbgidbhu306accd9uqam5heb1g6lei1bx");
  });

  it.each([
    ["the worker's", worker, { kind: "valid", role: "worker" }],
    ["the manager's", manager, { kind: "valid", role: "manager" }],
    ["another secret", otherSecret, { kind: "wrong secret" }],
    ["another root", otherRoot, { kind: "wrong digest" }],
    ["nothing", "", { kind: "malformed" }],
    ["a prefix", worker.slice(0, -1), { kind: "malformed" }],
    ["a longer text", `${worker}0`, { kind: "malformed" }],
    ["capitals", worker.toUpperCase(), { kind: "malformed" }],
    ["another version", worker.replace("SWMTKN-1", "SWMTKN-3"), { kind: "malformed" }],
    ["white space", ` ${worker}`, { kind: "malformed" }],
  ])("judges %s", (_, token, verdict) => {
    expect(judgeJoinToken(token, current)).toEqual(verdict);
  });

  it("never judges anything valid when the swarm has no tokens", () => {
    for (const token of ["", worker]) expect(judgeJoinToken(token, { worker: "", manager: "" }).kind).not.toBe("valid");
  });

  it("refuses to parse what is none, with Docker's text", () => {
    expect(() => parseJoinToken("SWMTKN-1-bad")).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: "invalid join token" }),
    );
  });
});

/** Made by a Docker Engine 20.10; its join tokens had the digest above. */
const dockersRoot = `-----BEGIN CERTIFICATE-----
MIIBaTCCARCgAwIBAgIUfVkUPCxvIitQVkyRoERtVWVm6rcwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAxMIc3dhcm0tY2EwHhcNMjYxMTIxMTE0MzAwWhcNNDYxMTE2MTE0
MzAwWjATMREwDwYDVQQDEwhzd2FybS1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABM1jjXw+yovtFQhe8I+5RVUPj/McaVAHm1fxPo/y38cgyViVVbr/qybx+KU2
H2dpG96e3BD+PCIHx7GK+fEdvrKjQjBAMA4GA1UdDwEB/wQEAwIBBjAPBgNVHRMB
Af8EBTADAQH/MB0GA1UdDgQWBBT2YatvS8HlT4VNMHLhK4F3aIDETjAKBggqhkjO
PQQDAgNHADBEAiBmr1wkQXNaBPG8LHJ1W+ROLGeye22NS+ACE3lKQ6G+xwIgakoY
yPoW2LiCCVD9J+jhbf2Mz5IYNVKfOj+futojf2s=
-----END CERTIFICATE-----
`;
