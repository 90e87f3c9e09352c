import { InvalidArgumentError } from "commander";
import { said } from "../../compose/said.ts";

/** `a=b,c` as pairs; a word without "=" has no value. Double quotes around a pair keep its commas (RFC 4180). */
export function csv(text: string): [key: string, value: string | undefined][] {
  const fields = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return fields.map(([, quoted, bare]) => {
    const field = quoted?.replaceAll('""', '"') ?? bare ?? "";
    const at = field.indexOf("=");
    return at < 0 ? [field, undefined] : [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
  });
}

/** `NAME`, or `source=NAME,target=…,uid=…,gid=…,mode=…`. Its id is looked up later. */
export function fileReference(text: string, nameKey: "SecretName" | "ConfigName"): object {
  const values = new Map(text.includes("=") ? csv(text) : [["source", text]]);
  const source = values.get("source") ?? values.get("src");
  if (!source) throw new InvalidArgumentError("it must have a source");
  const unknown = [...values.keys()].find(key => !["source", "src", "target", "uid", "gid", "mode"].includes(key));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is not known`);
  const mode = values.get("mode") ?? "0444";
  if (!/^[0-7]+$/.test(mode)) throw new InvalidArgumentError(`"${mode}" is no mode like 0444`);
  const File = {
    Name: values.get("target") ?? source,
    UID: values.get("uid") ?? "0",
    GID: values.get("gid") ?? "0",
    Mode: Number.parseInt(mode, 8),
  };
  return { File, [nameKey]: source };
}

/** A whole number is an amount; anything else names one of several. */
export function genericResource(text: string): object {
  const [kind = "", value = ""] = text.split("=");
  if (!kind || !value) throw new InvalidArgumentError("not KIND=VALUE");
  if (/^\d+$/.test(value)) return { DiscreteResourceSpec: { Kind: kind, Value: Number(value) } };
  return { NamedResourceSpec: { Kind: kind, Value: value } };
}

export function networkAttachment(text: string): object {
  if (!text.includes("=")) return { Target: text };
  const pairs = csv(text);
  const values = (key: string): string[] => pairs.flatMap(([one, value = ""]) => (one === key ? [value] : []));
  const options = values("driver-opt").map(option => option.split("=") as [string, string]);
  const [name] = values("name");
  if (!name) throw new InvalidArgumentError("it must have a name");
  return said({
    Target: name,
    Aliases: values("alias"),
    DriverOpts: options.length > 0 ? Object.fromEntries(options) : undefined,
  });
}

export function ulimit(text: string): object {
  const [, name, soft, hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("not NAME=SOFT[:HARD]");
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}
