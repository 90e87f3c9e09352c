import { createReadStream } from "node:fs";
import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { command } from "./command.ts";
import { findProgram } from "./requirements.ts";

const folders = ["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "var"];
const passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";
const group = "root:x:0:\nnogroup:x:65534:\n";

/**
 * Makes the image `busybox:latest` from this machine's static busybox, in an engine that has no registry to pull from.
 * Its `wget` cannot look up names (a static C library crashes doing so): use `nc`.
 */
export async function importBusybox(socket: string, scratchDir: string, repository = "busybox"): Promise<void> {
  const archive = await busyboxArchive(scratchDir);
  try {
    await importArchive(socket, archive, repository);
  } finally {
    await rm(archive, { force: true });
  }
}

/** A root filesystem as a tar file: busybox with a link for each applet, and the few files programs look for. */
export async function busyboxArchive(scratchDir: string): Promise<string> {
  const root = join(scratchDir, "rootfs");
  const archive = join(scratchDir, "rootfs.tar");
  const busybox = findProgram("busybox") ?? "/bin/busybox";
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  await copyFile(busybox, join(root, "bin/busybox"));
  const applets = (await command([busybox, "--list"])).trim().split("\n");
  // A link of this name would point to itself.
  for (const applet of applets) if (applet !== "busybox") await symlink("busybox", join(root, "bin", applet));
  await writeFile(join(root, "etc/passwd"), passwd);
  await writeFile(join(root, "etc/group"), group);
  await command(["tar", "--owner=0", "--group=0", "-C", root, "-cf", archive, "."]);
  await rm(root, { recursive: true });
  return archive;
}

function importArchive(socketPath: string, archive: string, repository: string): Promise<void> {
  const query = new URLSearchParams({ fromSrc: "-", repo: repository, tag: "latest" });
  query.append("changes", 'CMD ["sh"]');
  query.append("changes", "ENV PATH=/bin");
  return new Promise((resolve, reject) => {
    const upload = request(
      { socketPath, method: "POST", path: `/images/create?${query}`, headers: { "Content-Type": "application/x-tar" } },
      response => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          if (response.statusCode === 200 && !text.includes('"error"')) resolve();
          else reject(new Error(`import of ${repository}: ${response.statusCode} ${text.trim()}`));
        });
      },
    );
    upload.on("error", reject);
    createReadStream(archive).on("error", reject).pipe(upload);
  });
}
