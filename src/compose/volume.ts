/** A mount in the long form of the specification. */
export interface VolumeForm {
  type: string;
  source?: string;
  target: string;
  read_only?: boolean;
  consistency?: string;
  bind?: { propagation?: string; selinux?: string };
  volume?: { nocopy: boolean };
}

const propagations = new Set(["rprivate", "private", "rshared", "shared", "rslave", "slave"]);
const consistencies = new Set(["consistent", "cached", "delegated"]);

/** The mount of `[SOURCE:]TARGET[:OPTION,…]`; undefined when it is no such text. */
export function parseVolume(text: string): VolumeForm | undefined {
  const parts = text.split(":");
  if (parts.length > 3 || parts.some(part => part === "")) return undefined;
  const [first = "", second, options] = parts;
  if (second === undefined) return { type: "volume", target: first };
  const isPath = /^[./~]/.test(first);
  const mount: VolumeForm = { type: isPath ? "bind" : "volume", source: first, target: second };
  for (const option of options?.split(",") ?? []) if (!applied(mount, option)) return undefined;
  return mount;
}

function applied(mount: VolumeForm, option: string): boolean {
  if (option === "rw") mount.read_only = false;
  else if (option === "ro") mount.read_only = true;
  else if (option === "nocopy") mount.volume = { nocopy: true };
  else if (option === "z" || option === "Z") mount.bind = { ...mount.bind, selinux: option };
  else if (propagations.has(option)) mount.bind = { ...mount.bind, propagation: option };
  else if (consistencies.has(option)) mount.consistency = option;
  else return false;
  return true;
}
