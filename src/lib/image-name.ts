/** Registry, path and tag of an image's name (distribution/reference): enough to tell a name from something else. */
const named =
  /^(?:([a-zA-Z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)\/)?([a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(\w[\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$/;

const hub = "docker.io";

interface ImageName {
  readonly registry: string;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** The parts of an image's name; undefined for what is none, like the embedded runtime's `dir:PATH`. */
export function parseImage(image: string): ImageName | undefined {
  const [all, host, rest = "", tag, digest] = named.exec(image) ?? [];
  if (all === undefined) return undefined;
  // What comes before the first slash is a registry only when it looks like a host.
  const isHost = host !== undefined && (/[.:]/.test(host) || host === "localhost");
  const path = isHost || host === undefined ? rest : `${host}/${rest}`;
  return { registry: isHost ? (host === "index.docker.io" ? hub : host) : hub, path, tag, digest: digest?.slice(1) };
}

/** The image with the tag that no tag means, in the short form that Docker shows; unchanged when it has a digest. */
export function taggedImage(image: string): string {
  const name = parseImage(image);
  if (!name || name.digest) return image;
  const path = name.registry === hub ? name.path.replace(/^library\//, "") : `${name.registry}/${name.path}`;
  return `${path}:${name.tag ?? "latest"}`;
}

/** As lists show it: the digest is long, and the same for all. */
export function withoutDigest(image: string): string {
  return image.replace(/@sha256:[0-9a-f]+$/, "");
}
