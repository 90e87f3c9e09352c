import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ListClustersResponseSchema, ListNodesResponseSchema } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi, testMachine } from "./api.test-kit.ts";
import { fakeControl, inactive, managing } from "./fakes.test-kit.ts";
import { sampleCluster, sampleManager, sampleNode } from "./samples.test-kit.ts";

const hasDocker = spawnSync("docker", ["--version"]).status === 0;

/** The stock docker CLI against the façade, with nothing behind it: what it can parse and print. */
describe.skipIf(!hasDocker)(`the docker CLI${hasDocker ? "" : " (skipped: it is not installed)"}`, () => {
  let api: TestApi;
  let config: string;
  beforeAll(async () => {
    config = await mkdtemp(join(tmpdir(), "shoal-docker-config-"));
    api = await TestApi.start([], { ...testMachine, runtimeKind: "embedded" });
    api.engine.present = false;
    api.backend.client = fakeControl({
      listNodes: async () =>
        create(ListNodesResponseSchema, {
          nodes: [sampleManager(managing.nodeId), sampleNode("l6ofpm9uhzjcnsyipger0e9qk", "other")],
        }),
      listClusters: async () => create(ListClustersResponseSchema, { clusters: [sampleCluster()] }),
    });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await rm(config, { recursive: true, force: true });
  });

  function docker(...words: string[]): Promise<{ status: number; out: string; err: string }> {
    const env = { PATH: process.env.PATH ?? "", DOCKER_CONFIG: config, DOCKER_HOST: `unix://${api.socketPath}` };
    return new Promise(resolve => {
      execFile("docker", words, { env, timeout: 20_000 }, (error, out, err) => {
        resolve({ status: error ? Number(error.code) : 0, out, err });
      });
    });
  }

  it("prints version and info", async () => {
    expect(await docker("version", "--format", "{{.Server.APIVersion}} {{(index .Server.Components 0).Name}}")).toEqual(
      {
        status: 0,
        out: "1.50 Shoal\n",
        err: "",
      },
    );
    const info = await docker("info");
    expect(info).toMatchObject({ status: 0, err: "" });
    expect(info.out).toContain(`NodeID: ${managing.nodeId}`);
    expect(info.out).toContain("Is Manager: true");
    expect(info.out).toContain("Expiry Duration: 3 months");
    expect(info.out).toContain("10.77.0.3:2377");
  });

  it("lists and finds nodes", async () => {
    const { status, out } = await docker("node", "ls", "--format", "{{.ID}} {{.Self}} {{.Status}} {{.ManagerStatus}}");
    expect(status).toBe(0);
    expect(out.split("\n").sort()).toEqual([
      "",
      "l6ofpm9uhzjcnsyipger0e9qk false Ready ",
      "qvmvykqjrxccfq1k9p09s6qdv true Ready Leader",
    ]);
  });

  it("shows Docker's errors", async () => {
    api.backend.current = inactive;
    expect(await docker("node", "ls")).toEqual({
      status: 1,
      out: "",
      err: 'Error response from daemon: This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.\n',
    });
    api.backend.current = managing;
  });

  it("prints join tokens", async () => {
    expect(await docker("swarm", "join-token", "-q", "worker")).toMatchObject({ status: 0, out: "SWMTKN-1-a-b\n" });
  });
});
