import { spawn } from "node:child_process";
import { request } from "node:http";
import { type CommandResult, tryCommand } from "./command.ts";

/** How long a docker command may take, in milliseconds. */
const cliTimeoutMs = 120_000;

/** Ways to talk to whoever serves the Docker API on a unix socket: a stock docker CLI, or plain requests. */
export class DockerClient {
  readonly socket: string;
  readonly #configDir: string;

  /** `configDir` is the CLI's own; it need not be there. */
  constructor(socket: string, configDir: string) {
    this.socket = socket;
    this.#configDir = configDir;
  }

  /** Runs the stock docker CLI. */
  docker(...args: string[]): Promise<CommandResult> {
    return this.dockerWith("", ...args);
  }

  /** The same, with something to read on its standard input. */
  dockerWith(input: string, ...args: string[]): Promise<CommandResult> {
    return tryCommand(["docker", ...args], { env: this.#cliEnv(), input, timeoutMs: cliTimeoutMs });
  }

  /** `docker`, which must succeed; its trimmed standard output. */
  async dockerOk(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.docker(...args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: exit ${code}: ${stderr || stdout}`);
    return stdout.trim();
  }

  /** Starts a docker command that goes on, like `events`; gives what stops it and tells what it wrote. */
  dockerUntil(...args: string[]): { readonly said: () => string; readonly stop: () => Promise<void> } {
    let said = "";
    const child = spawn("docker", args, {
      env: { ...process.env, ...this.#cliEnv() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<void>(resolve => child.once("close", () => resolve()));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    const stop = async (): Promise<void> => {
      child.kill("SIGTERM");
      await ended;
    };
    return { said: () => said, stop };
  }

  /** One request to the API. */
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return new Promise((done, failed) => {
      const headers = body === undefined ? {} : { "Content-Type": "application/json" };
      const call = request({ socketPath: this.socket, method, path, headers }, response => {
        const chunks: Buffer[] = [];
        response.on("data", chunk => chunks.push(chunk));
        response.on("error", failed);
        response.on("end", () => done({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }));
      });
      call.on("error", failed);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** `api`, which must succeed; the body of its answer. */
  async apiOk(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.api(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  #cliEnv(): Record<string, string> {
    return { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: this.#configDir };
  }
}

function parsed(bytes: Buffer): unknown {
  const text = bytes.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
