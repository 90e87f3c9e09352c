import { connect } from "node:net";
import { isFaithful } from "./faithful.ts";
import type { Mutator, Tree } from "./mutator.ts";
import type { Outcome } from "./outcome.ts";

/** A request that is whole has to be answered within this. */
const answerLimitMs = 60_000;
/** One that is not, or that ends in a stream, is let go of after this. */
const openMs = 300;

/** What the API takes: `{id}` stands for something that is there. */
export interface ApiTemplate {
  readonly method: string;
  readonly path: string;
  readonly body?: Tree;
}

export interface ApiInput {
  /** What is asked for, for whoever reads of a finding. */
  readonly title: string;
  readonly bytes: Buffer;
  /** Whether the manager has all it needs to answer. */
  readonly isWhole: boolean;
}

const headers = ["X-Registry-Auth", "Accept", "Connection", "Upgrade", "Transfer-Encoding", "Content-Type", "Expect"];
/** Tasks that one service may ask for, as in the calls between nodes. */
const maxTasks = 4;

/** A request of which path, query, headers, body or the bytes themselves are not as they were. */
export function apiInput(template: ApiTemplate, ids: readonly string[], mutator: Mutator): ApiInput {
  const isBody = template.body !== undefined && mutator.chance(0.7);
  const id = encodeURIComponent(
    mutator.chance(0.8) && ids.length > 0 ? mutator.one(ids) : mutator.text().replace(/\p{Surrogate}/gu, "?"),
  );
  const path = template.path.replace("{id}", id);
  const target = isBody || mutator.chance(0.5) ? path : mutator.string(path).replace(/[\s\0]/g, "_");
  let body = template.body === undefined ? "" : JSON.stringify(template.body);
  if (isBody)
    do body = bodyOf(template.body as Tree, mutator);
    while (asksForTooMuch(body));
  const bytes = Buffer.from(body);
  const extra = isBody ? [] : headers.filter(() => mutator.chance(0.08)).map(name => `${name}: ${value(mutator)}`);
  const length =
    template.body === undefined ? [] : ["Content-Type: application/json", `Content-Length: ${bytes.length}`];
  const head = [`${template.method} ${target} HTTP/1.1`, "Host: docker", ...length, ...extra, "", ""].join("\r\n");
  const whole = Buffer.concat([Buffer.from(head, "latin1"), bytes]);
  const title = `${template.method} ${template.path}`;
  if (isBody || mutator.chance(0.6)) return { title, bytes: whole, isWhole: extra.length === 0 };
  return { title: `bytes of ${title}`, bytes: harmless(mutator.bytes(whole)), isWhole: false };
}

/** Bytes that would make the manager leave its swarm are no finding. */
function harmless(bytes: Buffer): Buffer {
  return /leave|ForceNewCluster/i.test(bytes.toString("latin1")) ? Buffer.from("GET / HTTP/1.1\r\n\r\n") : bytes;
}

function bodyOf(template: Tree, mutator: Mutator): string {
  const text = JSON.stringify(mutator.tree(template));
  return mutator.chance(0.15) ? mutator.string(text) : text;
}

function value(mutator: Mutator): string {
  return mutator.chance(0.3)
    ? "chunked"
    : mutator
        .text()
        .replace(/[\r\n\0]/g, "")
        .slice(0, 500);
}

function asksForTooMuch(body: string): boolean {
  const counts = [...body.matchAll(/"(?:Replicas|TotalCompletions|MaxConcurrent)":\s*"?(-?[\d.eE+]+)/g)];
  return counts.some(([, count]) => Number(count) > maxTasks);
}

/** Sends one request over the manager's socket, and tells what it answered. */
export function ask(socketPath: string, input: ApiInput): Promise<Outcome> {
  return new Promise(resolve => {
    let said = "";
    const socket = connect(socketPath);
    const finish = (answer: string, finding?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      const found = finding === undefined ? {} : { finding: `${input.title}: ${finding}` };
      resolve({ kind: "Docker API", answer, ...found });
    };
    const timer = setTimeout(
      () => finish("open", input.isWhole ? "is not answered" : undefined),
      input.isWhole ? answerLimitMs : openMs,
    );
    socket.on("data", chunk => {
      said += chunk.toString("latin1");
      const answer = statusIn(said);
      if (answer)
        finish(
          `HTTP ${answer.status}`,
          answer.status === 500 && !isFaithful(answer.message) ? answer.message : undefined,
        );
    });
    socket.on("error", () => finish("closed"));
    socket.on("close", () => finish("closed"));
    socket.on("connect", () => socket.write(input.bytes));
  });
}

/** The status of an answer whose headers have come, and of an error with its message once that has. */
function statusIn(text: string): { status: number; message: string } | undefined {
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? [];
  const end = text.indexOf("\r\n\r\n");
  if (!status || end < 0) return undefined;
  const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(text.slice(end))?.[1];
  if (status === "100" || (status === "500" && message === undefined)) return undefined;
  return { status: Number(status), message: message?.slice(0, 200) ?? "" };
}
