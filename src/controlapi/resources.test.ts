import { describe, expect, it } from "vitest";
import { fault, invalid, newApi } from "./api.test-kit.ts";

async function withKind() {
  const world = newApi();
  const { extension } = await world.api.createExtension({ annotations: { name: "kind" }, description: "things" });
  return { ...world, extension: extension! };
}

describe("extensions", () => {
  it("are created once, shown and removed", async () => {
    const { api, store, extension } = await withKind();
    expect((await api.getExtension({ extensionId: extension.id })).extension).toBe(extension);
    const again = api.createExtension({ annotations: { name: "kind" } });
    await expect(again).rejects.toEqual(fault("already_exists", "extension kind already exists"));
    await expect(api.createExtension({})).rejects.toEqual(invalid("extension name must be provided"));
    await api.removeExtension({ extensionId: extension.id });
    expect(store.view(tx => tx.extension.size)).toBe(0);
    await expect(api.getExtension({ extensionId: "x" })).rejects.toEqual(fault("not_found", "extension x not found"));
    await expect(api.removeExtension({ extensionId: "x" })).rejects.toEqual(
      fault("not_found", "extension x not found"),
    );
    await expect(api.getExtension({})).rejects.toEqual(invalid("extension ID must be provided"));
  });

  it("stay while there are resources of theirs", async () => {
    const { api, extension } = await withKind();
    const { resource } = await api.createResource({ annotations: { name: "r" }, kind: "kind" });
    const text = "extension 'kind' is in use by the following resource: r";
    await expect(api.removeExtension({ extensionId: extension.id })).rejects.toEqual(invalid(text));
    await api.removeResource({ resourceId: resource!.id });
    await api.removeExtension({ extensionId: extension.id });
  });
});

describe("resources", () => {
  it.each<[object, unknown]>([
    [{ kind: "kind" }, invalid("Resource must have a name")],
    [{ annotations: { name: "r" } }, invalid("Resource must belong to an Extension")],
    [{ annotations: { name: "r" }, kind: "KIND" }, invalid("Kind KIND is not registered")],
    [
      { annotations: { name: "taken" }, kind: "kind" },
      fault("already_exists", "A resource with name taken already exists"),
    ],
  ])("%j is refused", async (request, expected) => {
    const { api, store } = await withKind();
    await api.createResource({ annotations: { name: "taken" }, kind: "kind" });
    await expect(api.createResource(request)).rejects.toEqual(expected);
    expect(store.view(tx => tx.resource.size)).toBe(1);
  });

  it("are updated in what is given, at the version that was seen", async () => {
    const { api, store } = await withKind();
    const payload = { typeUrl: "x", value: Uint8Array.of(1) };
    const { resource } = await api.createResource({ annotations: { name: "r" }, kind: "kind", payload });
    const resourceId = resource!.id;
    const annotations = { name: "r", labels: { a: "b" } };
    await api.updateResource({ resourceId, resourceVersion: { index: 2n }, annotations });
    expect(store.view(tx => tx.resource.get(resourceId))).toMatchObject({ annotations, payload, kind: "kind" });
    const refused = (request: object) => expect(api.updateResource(request)).rejects;
    await refused({ resourceId, resourceVersion: { index: 2n } }).toEqual(invalid("update out of sequence"));
    await refused({ resourceId }).toEqual(invalid("must include ID and version"));
    await refused({ resourceId: "x", resourceVersion: { index: 2n } }).toEqual(
      fault("not_found", "resource x not found"),
    );
    const renamed = { resourceId, resourceVersion: { index: 3n }, annotations: { name: "s" } };
    await refused(renamed).toEqual(invalid("cannot change resource name"));
  });

  it("are shown, listed by kind and removed", async () => {
    const { api } = await withKind();
    const { resource } = await api.createResource({ annotations: { name: "r" }, kind: "kind" });
    expect((await api.getResource({ resourceId: resource!.id })).resource).toBe(resource);
    const listed = async (kind: string) => (await api.listResources({ filters: { kind } })).resources.length;
    expect([await listed("kind"), await listed(""), await listed("other")]).toEqual([1, 1, 0]);
    await api.removeResource({ resourceId: resource!.id });
    const missing = fault("not_found", `resource ${resource!.id} not found`);
    await expect(api.removeResource({ resourceId: resource!.id })).rejects.toEqual(missing);
    await expect(api.getResource({ resourceId: resource!.id })).rejects.toEqual(missing);
    await expect(api.getResource({})).rejects.toEqual(invalid("resource ID must be present"));
  });
});

describe("cluster volumes", () => {
  it("cannot be created, and so there are none", async () => {
    const { api } = newApi();
    const text = 'Cannot create cluster volume "v": no node can run CSI plugins';
    const creation = api.createVolume({ spec: { annotations: { name: "v" } } });
    await expect(creation).rejects.toEqual(fault("unimplemented", text));
    expect((await api.listVolumes({})).volumes).toEqual([]);
    const missing = fault("not_found", "volume v not found");
    for (const call of [api.getVolume, api.updateVolume, api.removeVolume])
      await expect(call({ volumeId: "v" })).rejects.toEqual(missing);
  });
});
