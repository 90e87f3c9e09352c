import { createSocket } from "node:dgram";
import { connect, createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { LocalPorts } from "./local-ports.ts";
import type { PlannedPort } from "./port-plan.ts";
import { PublishedPorts } from "./published-ports.ts";

const address = "127.0.0.77";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function publishedPorts(): PublishedPorts {
  const ports = new PublishedPorts({ address: () => address, clock: systemClock });
  closers.push(() => ports.close());
  return ports;
}

/** A task's program that says its name, then what it was told, once it was told everything. */
async function program(name: string): Promise<number> {
  const port = await new LocalPorts(systemRandom).allocate("tcp");
  const server: Server = createServer({ allowHalfOpen: true }, socket => {
    let told = "";
    socket.on("data", data => {
      told += data;
    });
    socket.on("end", () => socket.end(`${name} ${told}`));
  });
  closers.push(() => server.close());
  await new Promise<void>(resolve => server.listen(port, "127.0.0.1", resolve));
  return port;
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: address, port, allowHalfOpen: true }, () => socket.end("hi"));
    socket.on("data", data => {
      answer += data;
    });
    socket.on("end", () => resolve(answer));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

const planned = (more: Partial<PlannedPort>): PlannedPort => ({
  name: "",
  protocol: "tcp",
  mode: "host",
  targetPort: 80,
  publishedPort: 0,
  localPort: 0,
  ...more,
});

describe("published ports", () => {
  it("forwards a port in host mode, half-close included, until it is released", async () => {
    const ports = publishedPorts();
    const [port = 0] = await ports.publish("t1", [planned({ localPort: await program("one") })]);
    expect(port).toBeGreaterThan(0);
    expect(await ask(port)).toBe("one hi");
    ports.release("t1");
    await expect(ask(port)).rejects.toThrow("ECONNREFUSED");
  });

  it("says that a port is taken, and keeps none of the task's", async () => {
    const ports = publishedPorts();
    const [port = 0] = await ports.publish("t1", [planned({ localPort: await program("one") })]);
    const free = await new LocalPorts(systemRandom).allocate("tcp");
    const both = [planned({ publishedPort: free }), planned({ publishedPort: port })];
    await expect(ports.publish("t2", both)).rejects.toMatchObject({
      code: "failed_precondition",
      message: `driver failed programming external connectivity: Bind for ${address}:${port}/tcp failed: port is already allocated`,
    });
    await expect(ask(free)).rejects.toThrow("ECONNREFUSED");
    expect(await ask(port)).toBe("one hi");
  });

  it("forwards datagrams and their answers", async () => {
    const ports = publishedPorts();
    const localPort = await new LocalPorts(systemRandom).allocate("udp");
    const echo = createSocket("udp4");
    echo.on("message", (message, from) => echo.send(`got ${message}`, from.port, from.address));
    closers.push(() => echo.close());
    await new Promise<void>(resolve => echo.bind(localPort, "127.0.0.1", resolve));
    const [port = 0] = await ports.publish("t1", [planned({ protocol: "udp", localPort })]);
    const client = createSocket("udp4");
    closers.push(() => client.close());
    const answer = new Promise(resolve => client.once("message", resolve));
    client.send("hi", port, address);
    expect(String(await answer)).toBe("got hi");
  });
});
