import { parseSize } from "../../lib/quantity.ts";
import { filledIn } from "../environment.ts";
import type { NamedVolume } from "../project-schema.ts";
import { filled, said, saidAny } from "../said.ts";
import type { Service, Volume } from "../service-schema.ts";
import type { Namespace } from "./namespace.ts";

type Volumes = Readonly<Record<string, NamedVolume>>;

/** What is mounted into a service's tasks; `tmpfs` is a mount like any other. */
export function mountsOf(service: Service, volumes: Volumes, namespace: Namespace): object[] {
  const mounts = (service.volumes ?? []).map(volume => mountOf(volume, volumes, namespace));
  return [...mounts, ...(service.tmpfs ?? []).map(tmpfsOf)];
}

function mountOf(volume: Volume, volumes: Volumes, namespace: Namespace): object {
  const named = volume.type === "volume" && volume.source ? (volumes[volume.source] ?? {}) : undefined;
  return said({
    Type: volume.type,
    Source: named ? sourceOf(volume.source ?? "", named, namespace) : volume.source,
    Target: volume.target,
    ReadOnly: volume.read_only || undefined,
    Consistency: volume.consistency,
    BindOptions: volume.bind && bindOptionsOf(volume.bind),
    VolumeOptions: volumeOptionsOf(volume, named, namespace),
    TmpfsOptions: volume.tmpfs && saidAny({ SizeBytes: sizeOf(volume.tmpfs.size), Mode: volume.tmpfs.mode }),
  });
}

function sourceOf(name: string, volume: NamedVolume, namespace: Namespace): string {
  return volume.name ?? (volume.external ? name : namespace.scoped(name));
}

function volumeOptionsOf(volume: Volume, named: NamedVolume | undefined, namespace: Namespace): object | undefined {
  const options = { NoCopy: volume.volume?.nocopy || undefined, Subpath: volume.volume?.subpath };
  if (!named) return saidAny(options);
  if (named.external) return said(options);
  return said({
    ...options,
    Labels: namespace.labels({ ...filledIn(named.labels), ...filledIn(volume.volume?.labels) }),
    DriverConfig:
      named.driver || named.driver_opts
        ? said({ Name: named.driver, Options: filled(filledIn(named.driver_opts)) })
        : undefined,
  });
}

function bindOptionsOf({ propagation, create_host_path, recursive }: NonNullable<Volume["bind"]>): object | undefined {
  return saidAny({
    Propagation: propagation,
    CreateMountpoint: create_host_path || undefined,
    NonRecursive: recursive === "disabled" || undefined,
    ReadOnlyNonRecursive: recursive === "writable" || undefined,
    ReadOnlyForceRecursive: recursive === "readonly" || undefined,
  });
}

/** `PATH[:size=64m,mode=1777]`. */
function tmpfsOf(text: string): object {
  const at = text.indexOf(":");
  const [target, options] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  const values = new Map(
    options.split(",").map((option): [string, string] => {
      const [key = "", value = ""] = option.split("=");
      return [key, value];
    }),
  );
  const mode = values.get("mode");
  const limits = saidAny({
    SizeBytes: sizeOf(values.get("size")),
    Mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
  });
  return said({ Type: "tmpfs", Target: target, ReadOnly: values.has("ro") || undefined, TmpfsOptions: limits });
}

const sizeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseSize(text));
