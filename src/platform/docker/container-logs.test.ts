import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogOptions } from "../../ports/runtime.ts";
import { systemClock } from "../clock.ts";
import { EngineClient } from "./client.ts";
import { containerLogs } from "./container-logs.ts";
import { parseEndpoint } from "./endpoint.ts";

const all: Omit<LogOptions, "signal"> = { stdout: true, stderr: true, follow: true, tail: -1, sinceMs: undefined };

/** A frame of the engine's answer: a line on standard output. */
function frame(second: number, text: string): Buffer {
  const line = Buffer.from(`2026-01-01T00:00:${String(second).padStart(2, "0")}.000000001Z  ${text}\n`);
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(line.length, 4);
  return Buffer.concat([head, line]);
}

/** Stands in for an engine that ends at the moment that is asked for, which no real one can be made to do. */
describe("following a container's log", () => {
  let dir: string;
  let server: Server;
  let client: EngineClient;
  let asked: URLSearchParams[];
  let answer: (query: URLSearchParams, response: ServerResponse) => void;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "shoal-logs-"));
    asked = [];
    server = createServer((request, response) => {
      if (request.url === "/version") {
        response.end(JSON.stringify({ Version: "20.10", ApiVersion: "1.41", MinAPIVersion: "1.12" }));
        return;
      }
      const { searchParams } = new URL(`http://engine${request.url}`);
      asked.push(searchParams);
      answer(searchParams, response);
    });
    await once(server.listen(join(dir, "sock")), "listening");
    client = new EngineClient(parseEndpoint(join(dir, "sock")), systemClock);
  });
  afterEach(async () => {
    client.close();
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });

  const lines = async (options: Partial<LogOptions> = {}): Promise<string[]> => {
    const read: string[] = [];
    const { signal } = new AbortController();
    for await (const line of containerLogs(client, { id: "c", tty: false }, { ...all, signal, ...options }))
      read.push(Buffer.from(line.data).toString());
    return read;
  };
  const whole = [frame(1, "one"), frame(2, "two"), frame(3, "three")];

  it("gives what the engine had not read when the container ended, once", async () => {
    answer = (query, response) =>
      response.end(Buffer.concat(query.get("follow") === "true" ? whole.slice(0, 2) : whole.slice(1)));
    expect(await lines({ tail: 5 })).toEqual(["one\n", "two\n", "three\n"]);
    expect(asked.map(query => [query.get("follow"), query.get("tail"), query.get("since")])).toEqual([
      ["true", "5", null],
      ["false", "all", "1767225602.000000000"],
    ]);
  });

  it("gives the last lines that were asked for where following gave none", async () => {
    answer = (query, response) => response.end(query.get("follow") === "true" ? "" : whole[2]);
    expect(await lines({ tail: 1 })).toEqual(["three\n"]);
    expect(asked.map(query => query.get("tail"))).toEqual(["1", "1"]);
  });

  it("ends well where the container is gone by then", async () => {
    answer = (query, response) => {
      if (query.get("follow") !== "true") response.statusCode = 404;
      response.end(whole[0]);
    };
    expect(await lines()).toEqual(["one\n"]);
  });

  it("does not take the end of the engine for the log's", async () => {
    answer = (query, response) => {
      if (query.get("follow") === "true") response.end(whole[0]);
      else response.destroy();
    };
    await expect(lines()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("does not look again when it is told to stop, nor where nothing was followed", async () => {
    const abort = new AbortController();
    answer = (_, response) => void response.write(frame(1, "one"), () => abort.abort());
    await lines({ signal: abort.signal });
    expect(asked).toHaveLength(1);
    answer = (_, response) => response.end(whole[0]);
    expect(await lines({ follow: false })).toEqual(["one\n"]);
    expect(asked).toHaveLength(2);
  });
});
