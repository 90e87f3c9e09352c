import { describe, expect, it } from "vitest";
import { sampleService } from "../sim/samples.ts";
import type { Config, Secret } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

type Api = ReturnType<typeof newApi>["api"];

interface Spec {
  annotations?: { name?: string; labels?: Record<string, string> };
  data?: Uint8Array;
}

type Shown = Pick<Secret | Config, "id" | "spec">;

/** Secrets and configs have the same rules but for the size, and that a secret's data is not shown. */
const kinds = {
  secret: {
    limit: 512_000,
    create: async (api: Api, spec?: Spec): Promise<Shown> => (await api.createSecret(spec ? { spec } : {})).secret!,
    update: async (api: Api, secretId: string, index: bigint, spec?: Spec): Promise<Shown> =>
      (await api.updateSecret({ secretId, secretVersion: { index }, ...(spec && { spec }) })).secret!,
    get: async (api: Api, secretId: string): Promise<Shown> => (await api.getSecret({ secretId })).secret!,
    list: async (api: Api, filters: object): Promise<Shown[]> => (await api.listSecrets({ filters })).secrets,
    remove: (api: Api, secretId: string) => api.removeSecret({ secretId }),
    reference: (id: string, name: string) => ({ secrets: [{ secretId: id, secretName: name }] }),
  },
  config: {
    limit: 1_024_000,
    create: async (api: Api, spec?: Spec): Promise<Shown> => (await api.createConfig(spec ? { spec } : {})).config!,
    update: async (api: Api, configId: string, index: bigint, spec?: Spec): Promise<Shown> =>
      (await api.updateConfig({ configId, configVersion: { index }, ...(spec && { spec }) })).config!,
    get: async (api: Api, configId: string): Promise<Shown> => (await api.getConfig({ configId })).config!,
    list: async (api: Api, filters: object): Promise<Shown[]> => (await api.listConfigs({ filters })).configs,
    remove: (api: Api, configId: string) => api.removeConfig({ configId }),
    reference: (id: string, name: string) => ({ configs: [{ configId: id, configName: name }] }),
  },
};

const data = Buffer.from("data");
const badName =
  "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]";

describe.each(["secret", "config"] as const)("a %s", kind => {
  const { limit, create, update, get, list, remove, reference } = kinds[kind];
  const size = `${kind} data must be larger than 0 and less than ${limit} bytes`;

  it.each<[string, Spec | undefined, string]>([
    ["no spec", undefined, "invalid argument"],
    ["no name", { data }, "name must be provided"],
    ["a name with a blank", { annotations: { name: "a b" }, data }, badName],
    ["a name that ends in a dot", { annotations: { name: "a." }, data }, badName],
    ["65 letters", { annotations: { name: "a".repeat(65) }, data }, badName],
    ["no data", { annotations: { name: "x" } }, size],
    ["too much data", { annotations: { name: "x" }, data: new Uint8Array(limit) }, size],
  ])("with %s is refused", async (_, spec, text) => {
    const { api, store } = newApi();
    await expect(create(api, spec)).rejects.toEqual(invalid(text));
    expect(store.version).toBe(0n);
  });

  it("is stored with up to as many bytes as may be", async () => {
    const { api, store } = newApi();
    const { id } = await create(api, { annotations: { name: "a_b.c-1" }, data: new Uint8Array(limit - 1) });
    expect(store.view(tx => tx[kind].get(id)?.spec.data.length)).toBe(limit - 1);
  });

  it("is refused when the name is taken", async () => {
    const { api, store } = newApi();
    await create(api, { annotations: { name: "s1" }, data });
    const again = create(api, { annotations: { name: "s1" }, data });
    await expect(again).rejects.toEqual(fault("already_exists", `${kind} s1 already exists`));
    expect(store.view(tx => tx[kind].size)).toBe(1);
  });

  it("shows its data only when it is no secret", async () => {
    const { api, store } = newApi();
    const created = await create(api, { annotations: { name: "s1" }, data });
    const updated = await update(api, created.id, 1n, { annotations: { name: "s1" } });
    const shown = [created, updated, await get(api, created.id), ...(await list(api, {}))];
    for (const { spec } of shown) expect(spec?.data.length).toBe(kind === "secret" ? 0 : data.length);
    expect(store.view(tx => Buffer.from(tx[kind].get(created.id)!.spec.data))).toEqual(data);
  });

  it("takes other labels, and the same data again", async () => {
    const { api, store } = newApi();
    const { id } = await create(api, { annotations: { name: "s1", labels: { a: "b" } }, data });
    await update(api, id, 1n, { annotations: { name: "s1", labels: { c: "d" } }, data });
    expect(store.view(tx => tx[kind].get(id)?.spec)).toMatchObject({ annotations: { labels: { c: "d" } }, data });
  });

  it.each<[string, Spec]>([
    ["the same data", { data }],
    ["no data", {}],
  ])("is not written anew for the same labels and %s", async (_, sent) => {
    const { api, store } = newApi();
    const annotations = { name: "s1", labels: { a: "b" } };
    const { id } = await create(api, { annotations, data });
    const { version } = store;
    await update(api, id, 1n, { annotations, ...sent });
    expect(store.version).toBe(version);
    await update(api, id, 1n, { annotations: { name: "s1" }, ...sent });
    expect(store.version).not.toBe(version);
  });

  it.each<[string, Spec]>([
    ["another name", { annotations: { name: "s2" } }],
    ["other data", { annotations: { name: "s1" }, data: Buffer.from("tada") }],
    ["more data", { annotations: { name: "s1" }, data: Buffer.from("data!") }],
    ["no name", {}],
  ])("does not take %s", async (_, spec) => {
    const { api, store } = newApi();
    const { id } = await create(api, { annotations: { name: "s1" }, data });
    await expect(update(api, id, 1n, spec)).rejects.toEqual(invalid("only updates to Labels are allowed"));
    expect(store.version).toBe(1n);
  });

  it("is updated at the version that was seen", async () => {
    const { api } = newApi();
    const { id } = await create(api, { annotations: { name: "s1" }, data });
    const stale = update(api, id, 9n, { annotations: { name: "s1" } });
    await expect(stale).rejects.toEqual(fault("unknown", "update out of sequence"));
    await expect(update(api, id, 1n)).rejects.toEqual(invalid("invalid argument"));
  });

  it("that is not there is not found", async () => {
    const { api } = newApi();
    const missing = fault("not_found", `${kind} x not found`);
    await expect(get(api, "x")).rejects.toEqual(missing);
    await expect(update(api, "x", 1n, {})).rejects.toEqual(missing);
    await expect(remove(api, "x")).rejects.toEqual(missing);
    const noId = invalid(`${kind} ID must be provided`);
    await expect(get(api, "")).rejects.toEqual(noId);
    await expect(remove(api, "")).rejects.toEqual(noId);
  });

  it("is not removed while services use it", async () => {
    const { api, store } = newApi();
    const { id } = await create(api, { annotations: { name: "s1" }, data });
    const use = (name: string) =>
      sampleService(name, name, { runtime: { case: "container", value: reference(id, "s1") } });
    await store.update(tx => tx.service.create(use("web")));
    await expect(remove(api, id)).rejects.toEqual(invalid(`${kind} 's1' is in use by the following service: web`));
    await store.update(tx => tx.service.create(use("db")));
    await expect(remove(api, id)).rejects.toEqual(invalid(`${kind} 's1' is in use by the following services: web, db`));
    for (const serviceId of ["web", "db"]) await api.removeService({ serviceId });
    await remove(api, id);
    expect(store.view(tx => tx[kind].size)).toBe(0);
  });

  it("is listed by any of the names, prefixes and ids, and by labels", async () => {
    const { api } = newApi();
    const one = await create(api, { annotations: { name: "one", labels: { a: "b" } }, data });
    const two = await create(api, { annotations: { name: "two" }, data });
    const listed = async (filters: object) => (await list(api, filters)).map(({ id }) => id);
    expect(await listed({ names: ["one"] })).toEqual([one.id]);
    expect(await listed({ namePrefixes: ["t"] })).toEqual([two.id]);
    expect(await listed({ names: ["one"], namePrefixes: ["tw"], idPrefixes: [one.id] })).toEqual([one.id, two.id]);
    expect(await listed({ labels: { a: "" } })).toEqual([one.id]);
    expect(await listed({ labels: { a: "c" } })).toEqual([]);
    expect(await listed({})).toEqual([one.id, two.id]);
  });
});

describe("secrets", () => {
  it("of the swarm's own are not listed", async () => {
    const { api, store } = newApi();
    const { id } = await kinds.secret.create(api, { annotations: { name: "s1" }, data });
    await store.update(tx => tx.secret.update({ ...tx.secret.get(id)!, internal: true }));
    expect((await api.listSecrets({})).secrets).toEqual([]);
  });

  it.each([
    ["", "secret driver must have a name"],
    ["vault", "error during lookup of plugin vault"],
  ])("from a driver %j are refused", async (name, text) => {
    const { api } = newApi();
    const spec = { annotations: { name: "s1" }, driver: { name } };
    await expect(api.createSecret({ spec })).rejects.toEqual(invalid(text));
  });
});
