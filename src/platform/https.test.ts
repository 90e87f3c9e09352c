import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TestAuthority } from "../docker-api/tls.test-kit.ts";
import { parseCredentials } from "../pki/credentials.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import { systemHttps } from "./https.ts";

const node = { nodeId: "m1", role: "manager", clusterId: "c" } as const;
const limits = { timeoutMs: 10_000, maxBytes: 1_000 };
let authority: TestAuthority;
let identity: LiveIdentity;
let server: Server;
let url: string;
let answer: (body: string, client: string) => { status: number; body: string } | undefined;

beforeAll(async () => {
  authority = await TestAuthority.create();
  const root = await RootCa.create(Date.now());
  const keyPem = newNodeKey();
  const certificatePem = await root.sign(await newRequest(keyPem), node, Date.now());
  identity = new LiveIdentity(parseCredentials({ certificatePem, keyPem, rootPem: root.certificatePem }));
});

beforeEach(async () => {
  answer = (body, client) => ({ status: 201, body: `${client} said ${body}` });
  const certified = await authority.issue("ca", [{ type: "ip", value: "127.0.0.1" }]);
  server = createServer({ ...certified, requestCert: true, rejectUnauthorized: false }, async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const said = answer(body, (request.socket as TLSSocket).getPeerCertificate().subject?.CN as string);
    if (said) response.writeHead(said.status).end(said.body);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/sign`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const post = (to = { url, rootPem: authority.pem }, within = limits) =>
  systemHttps(identity).post(to, '"hello"', within);

describe("HTTPS to a server outside the swarm", () => {
  it("posts with the node's certificate, and gives the answer whatever it is", async () => {
    expect(await post()).toEqual({ status: 201, body: 'm1 said "hello"' });
    answer = () => ({ status: 500, body: "broken" });
    expect(await post()).toEqual({ status: 500, body: "broken" });
    await systemHttps(identity).greet({ url, rootPem: authority.pem }, 10_000);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "another root's",
      async () => post({ url, rootPem: (await TestAuthority.create()).pem }),
      /Cannot reach https.*certificate/,
    ],
    [
      "another name's",
      () => post({ url: url.replace("127.0.0.1", "localhost"), rootPem: authority.pem }),
      /Cannot reach https:\/\/localhost.*localhost/,
    ],
    ["not there", () => post({ url: "https://127.0.0.1:1/", rootPem: authority.pem }), /ECONNREFUSED/],
    ["no https", () => post({ url: "http://127.0.0.1/", rootPem: authority.pem }), /not an https URL/],
    ["no URL", () => systemHttps(identity).greet({ url: "127.0.0.1", rootPem: "" }, 1_000), /not an https URL/],
    [
      "another root's, when it is only greeted",
      async () => systemHttps(identity).greet({ url, rootPem: (await TestAuthority.create()).pem }, 10_000),
      /Cannot reach https.*certificate/,
    ],
  ])("is unavailable where the server is %s", async (_, work, message) => {
    await expect(work()).rejects.toMatchObject({ code: "unavailable", message: expect.stringMatching(message) });
  });

  it("takes no more time and no more bytes than it may", async () => {
    answer = () => ({ status: 200, body: "x".repeat(2_000) });
    await expect(post()).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("1000 bytes") });
    answer = () => undefined;
    await expect(post({ url, rootPem: authority.pem }, { ...limits, timeoutMs: 100 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("no answer in 100 ms"),
    });
  });
});
