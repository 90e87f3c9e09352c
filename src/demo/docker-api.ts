import { request } from "node:http";

/** A refusal of the daemon's, with its text. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A call that is not answered for so long has failed, milliseconds. */
const callTimeoutMs = 30_000;

/** The little of the Docker API that the demo needs, over a daemon's unix socket. */
export class DockerApi {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** Rejects with ApiError for a refusal, with the system's error when the daemon cannot be reached. */
  get<T>(path: string): Promise<T> {
    return this.#call<T>("GET", path);
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.#call<T>("POST", path, body);
  }

  delete(path: string): Promise<unknown> {
    return this.#call("DELETE", path);
  }

  #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "Content-Type": "application/json" };
      const options = { socketPath: this.socket, method, path, headers, timeout: callTimeoutMs };
      const call = request(options, response => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", chunk => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          if (status < 400) resolve(parse(text) as T);
          else reject(new ApiError(status, `${method} ${path}: ${messageOf(parse(text)) ?? text}`));
        });
      });
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer for ${callTimeoutMs / 1000} s`)));
      call.on("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null && "message" in value ? String(value.message) : undefined;
}

/** `filters` as the Docker API takes them. */
export function filters(values: Readonly<Record<string, readonly string[]>>): string {
  return `filters=${encodeURIComponent(JSON.stringify(values))}`;
}
