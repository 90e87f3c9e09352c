import type { Cluster } from "../model/objects.ts";

const nothing = new Uint8Array();

/**
 * The cluster as it may be shown: without keys. The signing certificate of the spec goes with its key, or whoever sends
 * the spec back would ask for a certificate that no key belongs to.
 */
export function redacted(cluster: Cluster): Cluster {
  const { spec, rootCa, unlockKeys: _keys, networkBootstrapKeys: _bootstrap, ...rest } = cluster;
  const { caConfig } = spec;
  return {
    ...rest,
    unlockKeys: [],
    networkBootstrapKeys: [],
    spec: {
      ...spec,
      ...(caConfig && { caConfig: { ...caConfig, signingCaCert: nothing, signingCaKey: nothing } }),
    },
    ...(rootCa && {
      rootCa: {
        ...rootCa,
        caKey: nothing,
        ...(rootCa.rootRotation && { rootRotation: { ...rootCa.rootRotation, caKey: nothing } }),
      },
    }),
  };
}

/** A secret or config without its data. */
export function withoutData<T extends { readonly spec: { readonly data: Uint8Array } }>(object: T): T {
  return { ...object, spec: { ...object.spec, data: nothing } };
}
