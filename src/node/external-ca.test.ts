import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { FakeCfssl } from "../pki/cfssl.test-kit.ts";
import { RootCa } from "../pki/root-ca.ts";
import { type CAConfigSchema, ExternalCASchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { SimulatedSwarm } from "./simulated-swarm.test-kit.ts";

type CaConfig = Exclude<MessageInitShape<typeof CAConfigSchema>, { $typeName: string }>;

const url = "https://ca/api/v1/cfssl/sign";

async function swarmWithCa(seed: number) {
  const swarm = new SimulatedSwarm(seed);
  await swarm.found();
  const root = await RootCa.create(swarm.clock.now());
  const cfssl = new FakeCfssl(root, () => swarm.clock.now());
  swarm.place.https.servers.set(url, cfssl);
  const configure = (change: (forced: bigint) => CaConfig) =>
    swarm.update(spec => {
      const { caConfig, ...rest } = spec;
      const changed = change(caConfig!.forceRotate);
      const externalCas = (changed.externalCas ?? caConfig!.externalCas).map(each => create(ExternalCASchema, each));
      return { ...rest, caConfig: { ...caConfig!, ...changed, externalCas } as typeof caConfig };
    });
  const caCert = Buffer.from(root.certificatePem);
  const goOutside = () => configure(() => ({ signingCaCert: caCert, externalCas: [{ url, caCert }] }));
  return { swarm, cfssl, configure, goOutside };
}

describe("a simulated swarm whose root's key is outside", () => {
  it.each([1, 2])(
    "moves there and back, whoever is killed meanwhile (seed %d)",
    async seed => {
      const { swarm, cfssl, configure, goOutside } = await swarmWithCa(seed);
      const first = swarm.rootPem;
      await goOutside();
      await swarm.clock.advance(seed * 700);
      const leader = await swarm.eventually(() => swarm.leader);
      leader.kill();
      await swarm.clock.advance(3_000);
      await swarm.until(leader.start());
      await swarm.eventually(() => swarm.hasMovedFrom(first) || undefined);
      expect(swarm.rootPem).toBe(cfssl.rootPem);
      expect(swarm.cluster.rootCa?.caKey.length).toBe(0);
      await configure(forced => ({ forceRotate: forced + 1n }));
      await swarm.eventually(() => swarm.hasMovedFrom(cfssl.rootPem) || undefined);
      expect(swarm.cluster.rootCa?.caKey.length).not.toBe(0);
      expect(cfssl.signed).toContain("CA");
      expect(swarm.place.distrust).toEqual([]);
      for (const { status } of swarm.all) expect(status).toMatchObject({ state: "active", error: "" });
    },
    120_000,
  );

  it("lets a node in as soon as the CA answers, and tells it what it waits for until then", async () => {
    const { swarm, cfssl, goOutside } = await swarmWithCa(3);
    const first = swarm.rootPem;
    await goOutside();
    await swarm.eventually(() => swarm.hasMovedFrom(first) || undefined);
    swarm.place.https.servers.delete(url);
    const node = await swarm.addWorker();
    await expect(swarm.until(swarm.join(node))).rejects.toThrow("Timeout was reached before node joined");
    expect(node.status).toMatchObject({ state: "pending", error: `Cannot reach ${url}: nobody is there` });
    swarm.place.https.servers.set(url, cfssl);
    await swarm.eventually(() => (node.status?.state === "active" && node.status.error === "") || undefined);
    expect(node.credentials?.rootPem).toBe(cfssl.rootPem);
  }, 120_000);

  it("ends a join that the CA refuses, with its reason", async () => {
    const { swarm, cfssl, goOutside } = await swarmWithCa(4);
    const first = swarm.rootPem;
    await goOutside();
    await swarm.eventually(() => swarm.hasMovedFrom(first) || undefined);
    cfssl.trouble = { status: 200, body: JSON.stringify({ success: false, errors: [{ message: "policy" }] }) };
    const node = await swarm.addWorker();
    await expect(swarm.until(swarm.join(node))).rejects.toThrow(`The external CA ${url} refused to sign: policy`);
    expect(node.status).toMatchObject({ state: "inactive" });
  }, 120_000);
});
