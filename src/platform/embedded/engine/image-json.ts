import { createHash } from "node:crypto";
import type { Json } from "../../../docker-api/answer.ts";
import { builtInImages, findImage, type Image } from "../image.ts";

/** A digest for what has no content to take one of: the same on every node, since it is made from the name alone. */
export function digestOf(name: string): string {
  return `sha256:${createHash("sha256").update(name.replace(/@.*$/, "")).digest("hex")}`;
}

/** `/images/json`: what is built in. */
export function imageList(): Json {
  return builtInImages.map(image => ({
    Id: digestOf(image.name),
    ParentId: "",
    RepoTags: [image.name],
    RepoDigests: [],
    Created: 0,
    Size: 0,
    SharedSize: -1,
    VirtualSize: 0,
    Labels: { "shoal.description": image.description },
    Containers: -1,
  }));
}

/** `/images/{name}/json`. */
export function imageDetails(image: Image, architecture: string): Json {
  return {
    Id: digestOf(image.name),
    RepoTags: [image.name],
    RepoDigests: [],
    Parent: "",
    Comment: image.description,
    Created: "1970-01-01T00:00:00Z",
    DockerVersion: "",
    Author: "",
    Config: { Entrypoint: [...image.entrypoint], Cmd: [...image.args], Env: [], Labels: {}, WorkingDir: "" },
    Architecture: architecture,
    Os: "linux",
    Size: 0,
    VirtualSize: 0,
    GraphDriver: { Name: "embedded", Data: null },
    RootFS: { Type: "layers", Layers: [] },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
  };
}

/**
 * `/distribution/{name}/json`, which clients ask before they create a service: no registry is needed for what is built
 * in. No platform is named: the embedded runtime has the images on every one.
 */
export function distribution(image: Image): Json {
  return {
    Descriptor: {
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      digest: digestOf(image.name),
      size: 0,
    },
    Platforms: [],
  };
}

/** The image a path names, as Docker looks it up: undefined when there is none. */
export function lookUpImage(reference: string): Image | undefined {
  const byDigest = builtInImages.find(image => digestOf(image.name).startsWith(reference) && reference.length > 7);
  if (byDigest) return byDigest;
  try {
    return findImage(reference);
  } catch {
    return undefined;
  }
}
