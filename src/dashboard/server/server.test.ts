import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ApiDoor, Obstacle, Visitor } from "./door.ts";
import { type Dashboard, serveDashboard } from "./server.ts";

/*
 * The door, as one sees it who has no business here: without a cookie, with another's origin or name, with too much, or with what is
 * no token at all.
 */

const assets = mkdtempSync(join(tmpdir(), "shoal-dashboard-"));
const events = `/api/events?filters=${encodeURIComponent('{"scope":["swarm"]}')}`;
const own = { "X-Shoal-Dashboard": "1" };
const visitors = {
  look: { name: "ada", role: "reader", expiresMs: 4_000_000_000_000 },
  briefly: { name: "alan", role: "reader", expiresMs: 1 },
  "taken back": { name: "mary", role: "reader", expiresMs: 4_000_000_000_000 },
  steer: { name: "grace", role: "operator", expiresMs: 4_000_000_000_000 },
  "yet unseen": { name: "edsger", role: "operator", expiresMs: 4_000_000_000_000 },
} as const satisfies Record<string, Visitor>;
/** What every answer has, whatever it is. */
const everywhere = {
  "content-security-policy": expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'$/),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;
/** The tokens that are valid now. */
const tokens = new Map<string, Visitor>(Object.entries(visitors));
/** Resolves when a stream was asked for. */
let streamIsAsked: () => void;
const asked = new Promise<void>(resolve => {
  streamIsAsked = resolve;
});

/** An API that says what it was asked, and by whom. */
const api: ApiDoor = {
  obstacle: () => obstacle,
  check: token => {
    if (token === "asked too early") throw new Error("This node is not a swarm manager.");
    return tokens.get(token);
  },
  answer: (request: IncomingMessage, response: ServerResponse, { name }) => {
    if (request.url?.startsWith("/events")) return name === visitors["taken back"].name ? streamIsAsked() : undefined;
    response.writeHead(200, { "Content-Type": "text/plain" }).end(`${name} ${request.method} ${request.url}`);
  },
};

let obstacle: Obstacle | undefined;
let localAddress: string;
let dashboard: Dashboard;
let url: URL;

beforeAll(async () => {
  mkdirSync(join(assets, "assets"));
  writeFileSync(join(assets, "index.html"), "<title>Shoal</title>");
  writeFileSync(join(assets, "assets", "app-1234.js"), "export {};");
  dashboard = await serveDashboard({ address: "127.0.0.1:0", tls: undefined, names: ["vm"], assets, api });
  url = new URL(dashboard.url);
});
beforeEach(() => {
  localAddress = "127.0.0.1";
});
afterAll(async () => {
  await dashboard.close();
  rmSync(assets, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** One request, with any headers: `fetch` would not send Host or Origin. Comes from `localAddress`. */
function call(method: string, path: string, headers: Record<string, string> = {}, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: url.hostname, port: url.port, method, path, headers, localAddress, agent: false };
    const sent = request(options, async response => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function as(token: string) {
  return { Cookie: `other=1; shoal-session=${token}` };
}

describe("the dashboard's page", () => {
  it("is served for each of its views, and may load nothing from elsewhere", async () => {
    for (const path of ["/", "/services/web"]) {
      const { status, text, headers } = await call("GET", path);
      expect([status, text]).toEqual([200, "<title>Shoal</title>"]);
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["x-frame-options"]).toBe("DENY");
    }
  });

  it.each([
    ["GET", "/", {}, 200, "no-cache"],
    ["GET", "/assets/app-1234.js", {}, 200, "public, max-age=31536000, immutable"],
    ["GET", "/assets/none.js", {}, 404, "no-store"],
    ["PUT", "/", {}, 405, "no-store"],
    ["GET", "/", { Host: "evil.example" }, 403, "no-store"],
    ["GET", "/session", {}, 401, "no-store"],
    ["GET", "/session", as("look"), 200, "no-store"],
    ["POST", "/session", {}, 403, "no-store"],
    ["PUT", "/session", own, 405, "no-store"],
    ["POST", "/session", own, 401, "no-store"],
    ["GET", "/api/services/web", {}, 401, "no-store"],
    ["GET", "/api/swarm", as("look"), 403, "no-store"],
    ["GET", "/api/services/web", as("look"), 200, "no-store"],
    ["GET", "/session", as("asked too early"), 503, "no-store"],
  ])("%s %s %o: %i, guarded, kept by browsers: %s", async (method, path, given, status, caching) => {
    const { headers, ...answer } = await call(method, path, given as Record<string, string>);
    expect(headers).toMatchObject({ ...everywhere, "cache-control": caching });
    expect(answer.status).toBe(status);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("has files that browsers keep, and zips them", async () => {
    const { headers } = await call("GET", "/assets/app-1234.js", { "Accept-Encoding": "br, gzip" });
    expect(headers).toMatchObject({
      "content-encoding": "gzip",
      "cache-control": expect.stringContaining("immutable"),
    });
  });

  it.each([
    ["GET", "/assets/none.js", 404],
    ["GET", "/../package.json", 404],
    ["GET", "/assets/../../package.json", 404],
    ["GET", "/%2e%2e/%2e%2e/package.json", 404],
    ["GET", "/..\\package.json", 404],
    ["GET", "/assets/app-1234.js%00.html", 404],
    ["POST", "/", 405],
    ["TRACE", "/", 405],
  ])("%s %s: %i", async (method, path, status) => expect((await call(method, path)).status).toBe(status));

  it.each([
    ["evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["vm.evil.example", 403],
    ["evil.example@localhost", 403],
    ["vm:8080", 200],
    ["localhost", 200],
    ["[::1]:80", 200],
  ])("under the name %s: %i", async (Host, status) => expect((await call("GET", "/", { Host })).status).toBe(status));
});

describe("logging in", () => {
  it("gives a cookie that no script reads and no other site uses", async () => {
    const { status, text, headers } = await call("POST", "/session", own, "steer\n");
    expect([status, JSON.parse(text)]).toEqual([200, visitors.steer]);
    expect(headers["set-cookie"]?.[0]).toMatch(/^shoal-session=steer; Path=\/; HttpOnly; SameSite=Strict; Expires=/);
  });

  it.each([
    ["a token that is none", own, "nonsense", 401],
    ["far too much", own, "x".repeat(10_000), 413],
    ["a forged header", { "X-Shoal-Dashboard": "yes" }, "steer", 403],
    ["a page of nowhere (a file, a sandboxed frame)", { ...own, Origin: "null" }, "steer", 403],
    ["a page of another site", {}, "steer", 403],
    ["a page of another site that has learnt of the header", { ...own, Origin: "https://evil.example" }, "steer", 403],
    ["a page before the node is a manager", own, "asked too early", 503],
  ])("is refused to %s", async (_who, headers, token, status) => {
    const answer = await call("POST", "/session", headers, token);
    expect([answer.status, answer.headers["set-cookie"]]).toEqual([status, undefined]);
  });

  it("is refused where too many tokens are tried, but not to those who have a session there", async () => {
    localAddress = "127.0.0.250";
    const tries = Array.from({ length: 30 }, (_, at) => call("POST", "/session", own, `guess ${at}`));
    const refused = (await Promise.all(tries)).filter(({ status }) => status === 429);
    expect(refused.length).toBe(10);
    expect(refused[0]?.headers["retry-after"]).toBe("60");
    expect((await call("POST", "/session", own, "yet unseen")).status).toBe(429);
    expect((await call("GET", "/session", as("yet unseen"))).status).toBe(401);
    expect((await call("GET", "/session", as("steer"))).status).toBe(200);
    localAddress = "127.0.0.251";
    expect((await call("POST", "/session", own, "yet unseen")).status).toBe(200);
  });

  it.each(["outside", "worker", "locked", "starting"] as const)("says what to do on a node that is %s", async kind => {
    obstacle = kind;
    const { status, text } = await call("GET", "/session", as("look"));
    obstacle = undefined;
    expect([status, JSON.parse(text)]).toMatchObject([503, { obstacle: kind }]);
  });

  it("is told, and over when the visitor says so", async () => {
    expect((await call("GET", "/session")).status).toBe(401);
    expect(JSON.parse((await call("GET", "/session", as("look"))).text)).toEqual(visitors.look);
    const { headers } = await call("DELETE", "/session", { ...own, ...as("look") });
    expect(headers["set-cookie"]?.[0]).toContain("Expires=Thu, 01 Jan 1970");
  });
});

describe("the API behind the page", () => {
  let origin: string;
  beforeEach(() => {
    origin = url.origin;
  });

  it("answers who has logged in, by name", async () => {
    const answer = await call("GET", "/api/services/web?status=true", as("look"));
    expect([answer.status, answer.text]).toEqual([200, "ada GET /services/web?status=true"]);
  });

  it("ends a stream with the session it was opened in", async () => {
    await expect(call("GET", events, as("briefly"))).rejects.toThrow("socket hang up");
  });

  it("ends a stream soon after its token was taken back", async () => {
    const stream = call("GET", events, as("taken back"));
    await asked;
    tokens.delete("taken back");
    await expect(stream).rejects.toThrow("socket hang up");
  });

  it("is changed by operators, from the page itself", async () => {
    const headers = { ...own, ...as("steer"), Origin: origin };
    expect((await call("POST", "/api/services/web/update?version=1", headers)).text).toBe(
      "grace POST /services/web/update?version=1",
    );
  });

  it.each([
    ["without logging in", "GET", "/api/services/web", {}, 401],
    ["of tokens that are none", "GET", "/api/services/web", as("nonsense"), 401],
    ["of readers to change something", "DELETE", "/api/services/web", { ...own, ...as("look") }, 403],
    ["without the page's header", "DELETE", "/api/services/web", as("steer"), 403],
    ["with a forged one", "DELETE", "/api/services/web", { "X-Shoal-Dashboard": "", ...as("steer") }, 403],
    ["of other sites", "DELETE", "/api/services/web", { ...own, ...as("steer"), Origin: "http://evil.example" }, 403],
    ["of other ports", "DELETE", "/api/services/web", { ...own, ...as("steer"), Origin: "http://127.0.0.1:1" }, 403],
    ["of other ports to look", "GET", "/api/services/web", { ...as("steer"), "Sec-Fetch-Site": "same-site" }, 403],
    ["under another's name", "GET", "/api/services/web", { ...as("steer"), Host: "evil.example" }, 403],
    [
      "before a browser makes it",
      "OPTIONS",
      "/api/services/web",
      { ...as("steer"), Origin: "http://evil.example" },
      403,
    ],
    ["for what is not the dashboard's", "GET", "/api/containers/json", as("steer"), 403],
    ["beside its paths", "GET", "/api/services/../containers/json", as("steer"), 403],
    ["for join tokens", "GET", "/api/swarm", as("steer"), 403],
  ])("refuses calls %s", async (_what, method, path, headers, status) => {
    const answer = await call(method, path, headers as Record<string, string>);
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([status, undefined]);
  });

  it("tells readers that they only look, and operators what is not done here", async () => {
    const remove = async (token: string, path: string) =>
      (JSON.parse((await call("DELETE", path, { ...own, ...as(token) })).text) as { message: string }).message;
    expect(await remove("look", "/api/services/web")).toBe("this token only allows to look");
    expect(await remove("steer", "/api/tasks/t1")).toBe("the dashboard does not make this call");
  });
});

describe("the dashboard's address", () => {
  it.each([
    ["0.0.0.0:0", "other addresses than loopback need"],
    ["nowhere", "it must be HOST:PORT"],
    ["127.0.0.1:99999", "it must be HOST:PORT"],
  ])("%s is refused", async (address, message) => {
    const options = { address, tls: undefined, names: [], assets, api };
    await expect(serveDashboard(options)).rejects.toThrow(message);
  });

  it("must be free", async () => {
    const options = { address: url.host, tls: undefined, names: [], assets, api };
    await expect(serveDashboard(options)).rejects.toThrow("EADDRINUSE");
  });

  it("is refused when the page is not built", async () => {
    const options = { address: "127.0.0.1:0", tls: undefined, names: [], assets: `${assets}/none`, api };
    await expect(serveDashboard(options)).rejects.toThrow("is not built");
  });
});
