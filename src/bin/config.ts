import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { parse as parseYaml } from "yaml";
import { Fault } from "../lib/fault.ts";
import { type LogLevel, logLevels } from "../platform/log.ts";

/** What a daemon is told by flags, environment and configuration file. */
export interface DaemonConfig {
  readonly dataRoot: string;
  /** Where the Docker API is served: `unix://PATH` or `tcp://HOST:PORT`. */
  readonly hosts: readonly string[];
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: "docker" | "embedded";
  /** The Docker Engine's socket, `unix://PATH` or `tcp://HOST:PORT`. */
  readonly engine: string;
  readonly genericResources: Readonly<Record<string, readonly string[]>>;
  readonly logLevel: LogLevel;
  /** Where metrics are served, HOST:PORT; nowhere when undefined. */
  readonly metricsAddr: string | undefined;
  /** Where the dashboard is served, HOST:PORT; nowhere when undefined. */
  readonly dashboardAddr: string | undefined;
  readonly insecure: boolean;
  /** Group of the API's unix sockets; undefined for `docker` where there is one, "" for none. */
  readonly group: string | undefined;
  /** Where changing calls are noted; nowhere when undefined. */
  readonly audit: AuditFileConfig | undefined;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
}

export interface AuditFileConfig {
  readonly path: string;
  /** Bytes of one file. */
  readonly maxBytes: number;
  /** Files kept, the one that is written to among them. */
  readonly maxFiles: number;
}

const defaultAuditMegabytes = 50;
const defaultAuditFiles = 5;

export const defaultDataRoot = "/var/lib/shoal";
export const defaultHost = "unix:///run/shoal/shoal.sock";
const defaultEngine = "unix:///var/run/docker.sock";

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads the daemon's settings: a flag wins over a `SHOAL_…` variable, a variable over the `--config` file, the file
 * over the default. Fault invalid_argument names the setting that is wrong.
 */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv, version: string): DaemonConfig {
  const command = describeFlags(version);
  command.parse([...argv], { from: "user" });
  const flags: Values = command.opts();
  const path = flags.config ?? env.SHOAL_CONFIG;
  const file = typeof path === "string" ? readFile(path, command) : {};
  const variable = (name: string): string | undefined => env[`SHOAL_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`];
  const setting = (name: string): unknown => flags[name] ?? variable(name) ?? file[name];
  return {
    dataRoot: resolve(text(setting("dataRoot")) ?? defaultDataRoot),
    hosts: list(setting("host") ?? defaultHost).map(checkHost),
    hostname: text(setting("hostname")) ?? hostname(),
    labels: pairs(setting("label"), "label"),
    runtime: oneOf(setting("runtime") ?? "docker", ["docker", "embedded"] as const, "runtime"),
    engine: checkHost(text(setting("engine")) ?? defaultEngine),
    genericResources: grouped(setting("genericResource")),
    logLevel: oneOf(setting("logLevel") ?? "info", logLevels, "log-level"),
    metricsAddr: text(setting("metricsAddr")),
    dashboardAddr: text(setting("dashboardAddr")),
    insecure: isOn(setting("insecure")),
    group: text(setting("group")),
    audit: auditFile(setting),
    tls: tlsFiles(setting),
  };
}

type Setting = (name: string) => unknown;

/** There is no TLS without asking clients for certificates, so that the three files alone mean --tlsverify too. */
function tlsFiles(setting: Setting): DaemonConfig["tls"] {
  const files = [setting("tlscacert"), setting("tlscert"), setting("tlskey")].map(text);
  const [ca, cert, key] = files;
  if (ca && cert && key) return { ca, cert, key };
  if (files.some(Boolean)) throw new Fault("invalid_argument", "--tlscacert, --tlscert and --tlskey belong together");
  if (isOn(setting("tlsverify")))
    throw new Fault("invalid_argument", "--tlsverify needs --tlscacert, --tlscert and --tlskey");
  return undefined;
}

function auditFile(setting: Setting): AuditFileConfig | undefined {
  const path = text(setting("auditLog"));
  if (path === undefined) return undefined;
  const megabytes = count(setting("auditLogMaxSize") ?? defaultAuditMegabytes, "audit-log-max-size");
  const maxFiles = count(setting("auditLogMaxFiles") ?? defaultAuditFiles, "audit-log-max-files");
  return { path: resolve(path), maxBytes: megabytes * 1024 * 1024, maxFiles };
}

function count(value: unknown, name: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 100_000)
    throw new Fault("invalid_argument", `Cannot use ${name} "${String(value)}": it must be a number from 1 to 100000`);
  return number;
}

function isOn(value: unknown): boolean {
  return value === true || value === "true";
}

function describeFlags(version: string): Command {
  const collect = (value: string, before: string[] = []): string[] => [...before, value];
  return new Command("shoald")
    .description("The Shoal daemon: one a node, beside the node's Docker Engine.")
    .version(version, "--version")
    .option("--config <file>", "YAML file with the same keys as these flags")
    .option("--data-root <dir>", `where the node keeps its state (default "${defaultDataRoot}")`)
    .option("-H, --host <url>", `serve the Docker API here, repeatable (default "${defaultHost}")`, collect)
    .option("--hostname <name>", "the node's name (default: the machine's)")
    .option("--label <key=value>", "engine label of this node, repeatable", collect)
    .addOption(new Option("--runtime <kind>", "what runs tasks").choices(["docker", "embedded"]))
    .option("--engine <url>", `the node's Docker Engine (default "${defaultEngine}")`)
    .option(
      "--generic-resource <kind=value>",
      "a resource tasks can reserve: KIND=COUNT or KIND=NAME, repeatable",
      collect,
    )
    .addOption(new Option("--log-level <level>", "how much to log").choices(logLevels))
    .option(
      "--metrics-addr <host:port>",
      "serve Prometheus metrics here, without authentication (:PORT: on this machine alone)",
    )
    .option(
      "--dashboard-addr <host:port>",
      "serve the dashboard here (:PORT: on this machine alone); elsewhere than on loopback with --tlscert",
    )
    .option("--group <name>", 'group that may use the API\'s unix sockets (default "docker", where there is one)')
    .option("--tlsverify", "serve the API over TCP to clients with certificates alone (as the files below imply)")
    .option("--tlscacert <file>", "CA that API clients over TCP must be signed by")
    .option("--tlscert <file>", "certificate of the API over TCP")
    .option("--tlskey <file>", "its key")
    .option("--insecure", "serve the API over TCP without TLS: whoever reaches it owns this machine")
    .option("--audit-log <file>", "note every call that may change something here, as JSON lines")
    .option("--audit-log-max-size <MB>", `begin a new file after so many megabytes (default ${defaultAuditMegabytes})`)
    .option("--audit-log-max-files <n>", `files to keep (default ${defaultAuditFiles})`)
    .showHelpAfterError();
}

/** The file's keys are the flags' names; an unknown one is an error, so that a typing mistake is not obeyed in silence. */
function readFile(path: string, command: Command): Values {
  const content = parseFile(path) ?? {};
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw new Fault("invalid_argument", `Cannot read "${path}": not a map of settings`);
  const known = new Map(command.options.map(option => [option.name(), option.attributeName()]));
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => {
      const name = known.get(key);
      if (!name || key === "config")
        throw new Fault("invalid_argument", `Cannot read "${path}": unknown setting "${key}"`);
      return [name, value];
    }),
  );
}

function parseFile(path: string): unknown {
  try {
    return parseYaml(readFileSync(path, "utf8"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("invalid_argument", `Cannot read "${path}": ${why}`, { cause });
  }
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

function oneOf<const T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  const found = allowed.find(one => one === value);
  if (found === undefined)
    throw new Fault("invalid_argument", `Cannot use ${name} "${String(value)}": not one of ${allowed.join(", ")}`);
  return found;
}

/** Repeated flags, a comma-separated variable, or a list in the file. */
function list(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(String) : String(value).split(",");
}

/** `K=V` lists, or a map in the file. */
function pairs(value: unknown, name: string): Record<string, string> {
  const entries: [string, string][] =
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([key, one]) => [key, String(one)])
      : list(value).map(one => splitPair(one, name));
  return Object.fromEntries(entries);
}

function grouped(value: unknown): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const one of list(value)) {
    const [kind, what] = splitPair(one, "generic-resource");
    groups[kind] = [...(groups[kind] ?? []), what];
  }
  return groups;
}

function splitPair(one: string, name: string): [string, string] {
  const at = one.indexOf("=");
  if (at < 1) throw new Fault("invalid_argument", `Cannot use ${name} "${one}": it must be KEY=VALUE`);
  return [one.slice(0, at), one.slice(at + 1)];
}

function checkHost(url: string): string {
  if (!/^(unix:\/\/\/.+|tcp:\/\/[^/]+:\d+)$/.test(url))
    throw new Fault("invalid_argument", `Cannot use "${url}": it must be unix:///PATH or tcp://HOST:PORT`);
  return url;
}
