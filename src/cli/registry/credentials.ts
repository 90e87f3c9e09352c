import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseImage } from "../../lib/image-name.ts";
import { CliError } from "../failure.ts";

/** Docker Hub's place in docker's configuration. */
const hubKey = "https://index.docker.io/v1/";

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/**
 * What `docker login` stored for an image's registry, as the header X-Registry-Auth takes it; undefined when it stored
 * nothing. Credential helpers are asked as docker asks them.
 */
export async function registryAuth(image: string): Promise<string | undefined> {
  const name = parseImage(image);
  if (!name) return undefined;
  const config = await readConfig();
  const key = name.registry === "docker.io" ? hubKey : name.registry;
  const helper = config.credHelpers?.[key] ?? config.credsStore;
  const credentials = helper ? await askHelper(helper, key) : storedFor(config, key);
  if (!credentials) return undefined;
  return Buffer.from(JSON.stringify({ ...credentials, serveraddress: key })).toString("base64url");
}

async function readConfig(): Promise<DockerConfig> {
  const path = join(process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
  const text = await readFile(path, "utf8").catch(() => "{}");
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (cause) {
    throw new CliError(`Cannot read "${path}": it is not JSON`, { cause });
  }
}

function storedFor(config: DockerConfig, key: string): object | undefined {
  const stored = config.auths?.[key] ?? config.auths?.[`https://${key}`];
  if (!stored?.auth) return undefined;
  const text = Buffer.from(stored.auth, "base64").toString();
  const at = text.indexOf(":");
  const token = stored.identitytoken ? { identitytoken: stored.identitytoken } : {};
  return { username: text.slice(0, at), password: text.slice(at + 1).replace(/\0+$/, ""), ...token };
}

/** `docker-credential-NAME get`: the registry on its input, JSON on its output. */
function askHelper(helper: string, key: string): Promise<object | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${helper}`, ["get"], { stdio: ["pipe", "pipe", "inherit"] });
    let told = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      told += text;
    });
    child.on("error", cause => reject(new CliError(`Cannot ask docker-credential-${helper}: ${cause.message}`)));
    child.on("close", code => resolve(code === 0 ? credentialsIn(told) : undefined));
    child.stdin.on("error", () => {}); // It may end before it reads: its exit status tells.
    child.stdin.end(key);
  });
}

/** A user's name of "<token>" says that the secret is an identity token. */
function credentialsIn(text: string): object {
  const { Username = "", Secret = "" } = JSON.parse(text) as { Username?: string; Secret?: string };
  return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
}
