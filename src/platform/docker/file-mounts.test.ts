import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Config, Secret } from "../../model/objects.ts";
import { ConfigSchema, SecretSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ContainerSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { givenFiles } from "./file-mounts.ts";
import { TaskFiles } from "./task-files.ts";

const dependencies = {
  secret: (id: string) =>
    id === "s" ? (create(SecretSchema, { spec: { data: Buffer.from("hidden") } }) as Secret) : undefined,
  config: (id: string) =>
    id === "c" ? (create(ConfigSchema, { spec: { data: Buffer.from("shown") } }) as Config) : undefined,
};

const target = (name: string, uid = "0", gid = "0") =>
  ({ case: "file", value: { name, uid, gid, mode: 0o440 } }) as const;
const withSecret = (file: ReturnType<typeof target>, secretId = "s") =>
  givenFiles(create(ContainerSpecSchema, { secrets: [{ secretId, secretName: "key", target: file }] }), dependencies);
const withConfig = (file: ReturnType<typeof target>, configId = "c") =>
  givenFiles(create(ContainerSpecSchema, { configs: [{ configId, configName: "conf", target: file }] }), dependencies);

describe("secrets and configs as files", () => {
  it.each([
    [withSecret(target("key", "7", "8")), "/run/secrets/key", 7, 8, "hidden"],
    [withSecret(target("deep/key")), "/run/secrets/deep/key", 0, 0, "hidden"],
    [withSecret(target("/etc/key")), "/etc/key", 0, 0, "hidden"],
    [withConfig(target("conf.yml")), "/conf.yml", 0, 0, "shown"],
    [withConfig(target("/etc/conf.yml", "", "")), "/etc/conf.yml", 0, 0, "shown"],
  ])("%o", ([file], path, uid, gid, text) => {
    expect(file).toMatchObject({ target: path, uid, gid, mode: 0o440 });
    expect(Buffer.from(file!.data).toString()).toBe(text);
  });

  it("leaves out what is no file", () => {
    const configs = [{ configId: "c", configName: "conf", target: { case: "runtime", value: {} } as const }];
    expect(givenFiles(create(ContainerSpecSchema, { configs }), dependencies)).toEqual([]);
  });

  it.each([
    [() => withSecret(target("key"), "other"), 'Cannot give secret "key" to the task: it is not on this node'],
    [() => withConfig(target("conf"), "other"), 'Cannot give config "conf" to the task: it is not on this node'],
    [() => withSecret(target("key", "root")), 'its owner "root:0" is no pair of numbers'],
    [() => withSecret(target("key", "0", "-1")), 'its owner "0:-1" is no pair of numbers'],
    [() => withSecret(target("")), '"" is no file name'],
    [() => withSecret(target("folder/")), '"folder/" is no file name'],
  ])("refuses %o", (make, text) => {
    expect(make).toThrow(text);
  });
});

describe.skipIf(process.platform !== "linux")("a node's files (on Linux alone: they need its tmpfs)", () => {
  let root: string;
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const files = [
    { target: "/run/secrets/a", ...own, mode: 0o440, data: Buffer.from("A") },
    { target: "/b", ...own, mode: 0o404, data: Buffer.from("B") },
  ];

  beforeEach(async () => {
    root = join(await mkdtemp("/dev/shm/shoal-files-"), "root");
  });
  afterEach(() => rm(join(root, ".."), { recursive: true }));

  it("are written once, for the owner alone, and removed", async () => {
    const store = new TaskFiles("node1", [root]);
    const mounts = await store.write("task1", files);
    expect(mounts.map(mount => [mount.Target, mount.ReadOnly])).toEqual([
      ["/run/secrets/a", true],
      ["/b", true],
    ]);
    expect(await readFile(mounts[0]!.Source!, "utf8")).toBe("A");
    expect((await stat(mounts[1]!.Source!)).mode & 0o7777).toBe(0o404);
    expect((await stat(join(root, "node1"))).mode & 0o777).toBe(0o700);
    const inode = (await stat(mounts[0]!.Source!)).ino;
    await store.write("task1", files);
    expect((await stat(mounts[0]!.Source!)).ino).toBe(inode);
    expect(await new TaskFiles("node1", [root]).tasks()).toEqual(["task1"]);
    await store.remove("task1");
    await store.remove("task1");
    expect(await readdir(join(root, "node1"))).toEqual([]);
  });

  it("go to the first place that is in memory", async () => {
    // What is below /proc is no tmpfs, on any machine.
    const [mount] = await new TaskFiles("node1", ["/proc/shoal", root]).write("task1", files);
    expect(mount!.Source).toContain(root);
    const nowhere = new TaskFiles("node1", ["/proc/shoal"]);
    await expect(nowhere.write("task1", files)).rejects.toThrow("would put them on a disk");
    expect(await nowhere.write("task1", [])).toEqual([]);
  });

  it("do not go to a place that others may enter", async () => {
    await mkdir(root, { mode: 0o777 });
    await chmod(root, 0o777);
    await new TaskFiles("node1", [root]).write("task1", files);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
  });

  it("of a daemon that ended while writing are not used", async () => {
    await mkdir(join(root, "node1", "task1.new"), { recursive: true });
    const store = new TaskFiles("node1", [root]);
    expect(await store.tasks()).toEqual(["task1"]);
    const [mount] = await store.write("task1", files);
    expect(await readFile(mount!.Source!, "utf8")).toBe("A");
  });
});
