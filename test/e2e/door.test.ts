import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../src/docker-api/tls.test-kit.ts";
import { eventually, tryCommand } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "a daemon's doors";
const address = "127.0.48.1";

interface AuditLine {
  readonly who: { readonly via: string; readonly commonName?: string };
  readonly route: string;
  readonly object: object;
  readonly status: number;
}

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const directory = mkdtempSync(join(tmpdir(), "shoal-door-"));
  const file = (name: string): string => join(directory, name);
  const auditLog = file("audit/log");
  let daemon: Daemon;

  const withFlags = (...flags: string[]): Daemon =>
    new Daemon({ address, hostname: "m1", flags: ["--runtime", "embedded", ...flags] });

  beforeAll(async () => {
    const authority = await TestAuthority.create();
    writeFileSync(file("ca.pem"), authority.pem);
    const server = await authority.issue("m1", [{ type: "ip", value: address }]);
    for (const [name, { cert, key }] of Object.entries({ server, alice: await authority.issue("alice") })) {
      writeFileSync(file(`${name}.pem`), cert);
      writeFileSync(file(`${name}-key.pem`), key);
    }
    daemon = withFlags(
      ...["--host", `tcp://${address}:2376`, "--tlsverify", "--tlscacert", file("ca.pem")],
      ...["--tlscert", file("server.pem"), "--tlskey", file("server-key.pem")],
      ...["--group", "", "--audit-log", auditLog],
    );
    await daemon.start();
  });
  afterAll(async () => {
    await daemon?.dispose();
    rmSync(directory, { recursive: true });
  });

  const alice = ["-H", `tcp://${address}:2376`, "--tlsverify", "--tlscacert", file("ca.pem")].concat(
    ...["--tlscert", file("alice.pem"), "--tlskey", file("alice-key.pem")],
  );
  const overTls = (...words: string[]) =>
    tryCommand(["docker", ...alice, ...words], { env: { DOCKER_CONFIG: file("cli") }, input: "hidden" });

  it("answer over TLS, and note who changed what", async () => {
    expect(await overTls("swarm", "init", "--listen-addr", address, "--advertise-addr", address)).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(await overTls("secret", "create", "--label", "l=hidden", "key", "-")).toMatchObject({ code: 0 });
    await daemon.dockerOk(
      "service",
      "create",
      "-d",
      "--no-resolve-image",
      "--name",
      "web",
      "--env",
      "A=hidden",
      "shoal/sleep",
    );
    expect((await daemon.docker("secret", "rm", "none")).code).toBe(1);
    const lines = await eventually("all is noted", () => {
      const text = readFileSync(auditLog, "utf8");
      expect(text).not.toContain("hidden");
      expect(text).not.toContain("SWMTKN");
      const parsed = text
        .split("\n")
        .filter(Boolean)
        .map(line => JSON.parse(line) as AuditLine);
      return parsed.length === 4 ? parsed : undefined;
    });
    const who = { via: "tls", commonName: "alice", address: expect.stringMatching(/^127\./) };
    expect(lines).toMatchObject([
      { who, route: "/swarm/init", object: { kind: "swarm" }, status: 200 },
      { who, route: "/secrets/create", object: { kind: "secret", name: "key", id: expect.any(String) }, status: 201 },
      { who: { via: "unix socket" }, route: "/services/create", object: { kind: "service", name: "web" }, status: 201 },
      { who: { via: "unix socket" }, route: "/secrets/:id", object: { kind: "secret", name: "none" }, status: 404 },
    ]);
  });

  it("note who joins, without the token", async () => {
    const worker = new Daemon({ address: "127.0.48.2", hostname: "w1", flags: ["--runtime", "embedded"] });
    try {
      await worker.start();
      const token = await daemon.dockerOk("swarm", "join-token", "-q", "worker");
      const at = ["--listen-addr", "127.0.48.2", "--advertise-addr", "127.0.48.2"];
      await worker.dockerOk("swarm", "join", ...at, "--token", token, `${address}:2377`);
      const id = await worker.dockerOk("info", "--format", "{{.Swarm.NodeID}}");
      await eventually("it is noted", () => {
        const text = readFileSync(auditLog, "utf8");
        expect(text).not.toContain("SWMTKN");
        const issued = `"route":"NodeCA/IssueNodeCertificate","object":{"kind":"node","id":"${id}"},"status":200`;
        return text.includes(issued) ? true : undefined;
      });
    } finally {
      await worker.dispose();
    }
  });

  it("go on answering when the audit's disk is full, and say so in the log", async () => {
    const full = withFlags("--audit-log", "/dev/full");
    try {
      await full.start();
      expect((await full.docker("service", "rm", "none")).code).toBe(1);
      expect((await full.docker("info")).code).toBe(0);
      await eventually("it is in the log", () =>
        readFileSync(join(full.directory, "shoald.log"), "utf8").includes("cannot write the audit log")
          ? true
          : undefined,
      );
    } finally {
      await full.dispose();
    }
  });

  it("are not opened over TCP without TLS, nor to a group that there is not", async () => {
    const open = withFlags("--host", `tcp://${address}:2375`);
    await expect(open.start()).rejects.toThrow(/without --tlsverify, .* anyone who reaches it owns this machine/);
    await open.dispose();
    const group = withFlags("--group", "no-such-group");
    await expect(group.start()).rejects.toThrow(
      'Cannot give the socket to group "no-such-group": there is no such group',
    );
    await group.dispose();
  });

  it("are opened over TCP without TLS when somebody insists", async () => {
    const open = withFlags("--host", `tcp://${address}:2375`, "--insecure");
    const version = ["docker", "-H", `tcp://${address}:2375`, "version", "--format", "{{.Server.APIVersion}}"];
    try {
      await open.start();
      // The CLI gives a daemon over TCP two seconds to answer, which may be few on a busy machine.
      const said = await eventually("the CLI is answered over TCP", async () => {
        const { code, stdout } = await tryCommand(version);
        return code === 0 ? stdout : undefined;
      });
      expect(said.trim()).toMatch(/^1\.\d+$/);
    } finally {
      await open.dispose();
    }
  });
});
