/** Longest name of an image, its registry's included (the OCI distribution spec's common limit). */
const maxNameLength = 255;
/** Longest text that can be a reference: name, tag of 128, digest of the longest kind. */
const maxLength = maxNameLength + 1 + 128 + 1 + 7 + 128;

/** Longest path on Linux (PATH_MAX). */
const maxPathLength = 4096;

const host =
  "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])";
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const reference = new RegExp(
  `^((?:${host}(?::[0-9]+)?/)?${component}(?:/${component})*)(?::[\\w][\\w.-]{0,127})?(?:@([a-z0-9]+):([a-f0-9]+))?$`,
);
const bareId = /^[a-f0-9]{64}$/;

/** Hex digits of the digests that registries use. */
const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Whether `text` names an image the way Docker takes it: `[registry/]path[:tag][@digest]`, the registry being optional. */
export function isImageReference(text: string): boolean {
  if (text.length > maxLength || bareId.test(text)) return false;
  const [, name, algorithm, digest] = reference.exec(text) ?? [];
  if (name === undefined || fullNameLength(name) > maxNameLength) return false;
  return algorithm === undefined || digest?.length === digestLengths[algorithm];
}

/** Names without a registry are Docker Hub's: `docker.io/library/` counts. */
function fullNameLength(name: string): number {
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (hasRegistry) return name.length;
  return name.length + (rest.length > 0 ? "docker.io/".length : "docker.io/library/".length);
}

/** A program's directory, which the embedded runtime takes for an image: `dir:/srv/app`. */
export function isProgramDirectory(text: string): boolean {
  return /^dir:\/[^\0]*$/.test(text) && text.length <= maxPathLength;
}
