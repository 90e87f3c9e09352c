import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { NameHandler } from "../../ports/name-sockets.ts";
import { NameListener } from "./name-listener.ts";
import { MessageReader, withLength } from "./name-messages.ts";
import { nameServersIn, Upstream } from "./upstream.ts";

/** Nobody else is here; on 127.0.0.1 a port that is free for datagrams is now and then somebody's connection. */
const address = "127.0.53.7";
const asker = "127.0.0.1";
const open: NameListener[] = [];

/** Listens on a port that is free for datagrams and, which the system does not look at, for connections too. */
const listenWith = async (handler: NameHandler): Promise<NameListener> => {
  for (let tries = 0; ; tries++) {
    try {
      const listener = await NameListener.open(address, handler, 0);
      open.push(listener);
      return listener;
    } catch (error) {
      if (tries === 20 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
};

/** Answers with the bytes of the question and two more: whether it came by TCP, and whether from us. */
const listen = (): Promise<NameListener> =>
  listenWith(async (query, from, overTcp) => Buffer.from([...query, overTcp ? 1 : 0, from === asker ? 1 : 0]));

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
});

/** A message as long as a header, so that it can pass for one. */
const message = Buffer.from([7, 8, ...Array<number>(10).fill(0)]);

describe("port 53 of an address", () => {
  it("answers datagrams", async () => {
    const { port } = await listen();
    const socket = createSocket("udp4");
    const answer = await new Promise<Buffer>(resolve => {
      socket.once("message", resolve);
      socket.send(message, port, address);
    });
    socket.close();
    expect([...answer]).toEqual([...message, 0, 1]);
  });

  it("answers several questions of one connection", async () => {
    const { port } = await listen();
    const reader = new MessageReader();
    const answers = await new Promise<Buffer[]>((resolve, reject) => {
      const found: Buffer[] = [];
      const socket = connect(port, address, () =>
        socket.write(Buffer.concat([withLength(message), withLength(message)])),
      );
      socket.on("error", reject);
      socket.on("data", data => {
        found.push(...reader.take(data));
        if (found.length < 2) return;
        socket.destroy();
        resolve(found);
      });
    });
    expect(answers.map(each => [...each])).toEqual([
      [...message, 1, 1],
      [...message, 1, 1],
    ]);
  });

  it("goes on after what cannot be answered", async () => {
    const listener = await listenWith(() => Promise.reject(new Error("unreadable")));
    const socket = connect(listener.port, address, () => socket.write(withLength(message)));
    await new Promise(resolve => socket.once("close", resolve).resume());
    expect(listener.isOpen).toBe(true);
  });

  it("cannot be had twice", async () => {
    const { port } = await listen();
    await expect(NameListener.open(address, async () => undefined, port)).rejects.toThrow("EADDRINUSE");
  });
});

describe("this machine's name servers", () => {
  const ask = async (servers: string, overTcp: boolean, isOwn = (_: string) => false): Promise<number[]> => {
    const directory = await mkdtemp(join(tmpdir(), "shoal-names-"));
    const file = join(directory, "resolv.conf");
    writeFileSync(file, servers);
    try {
      return [...(await new Upstream(isOwn, file).ask(message, overTcp))];
    } finally {
      await rm(directory, { recursive: true });
    }
  };

  it.each([false, true])("are asked in turn until one answers (TCP: %s)", async overTcp => {
    const { port } = await listen();
    const closed = await listen();
    const nobody = closed.port;
    await closed.close();
    const servers = `nameserver ${address}#${nobody}\nnameserver ${address}#${port}\n`;
    expect(await ask(servers, overTcp)).toEqual([...message, overTcp ? 1 : 0, 1]);
  });

  it("are not asked when they are ourselves, and say so when nobody is left", async () => {
    const { port } = await listen();
    await expect(ask(`nameserver ${address}#${port}\n`, false, each => each === address)).rejects.toThrow(
      "no name server",
    );
    await expect(ask("", false)).rejects.toThrow("no name server");
  });

  it.each([false, true])("may be out of reach (TCP: %s)", async overTcp => {
    // Reserved: there is no way there, and the kernel says so at once.
    await expect(ask("nameserver 255.255.255.255\n", overTcp)).rejects.toThrow("no name server");
  });

  it("stand in resolv.conf", () => {
    const text =
      "# nameserver 192.0.2.9\nsearch a b\nnameserver 192.0.2.1\n  nameserver fe80::1\nnameserver 127.0.0.1#5353\n";
    expect(nameServersIn(text)).toEqual([
      { address: "192.0.2.1", port: 53 },
      { address: "fe80::1", port: 53 },
      { address: "127.0.0.1", port: 5353 },
    ]);
  });
});

it("puts messages together from whatever pieces they come in", () => {
  const stream = Buffer.concat([
    withLength(Buffer.from("one")),
    withLength(Buffer.from("")),
    withLength(Buffer.from("two")),
  ]);
  for (const size of [1, 2, 3, 100]) {
    const reader = new MessageReader();
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += size)
      found.push(...reader.take(stream.subarray(at, at + size)).map(each => each.toString()));
    expect(found).toEqual(["one", "", "two"]);
  }
});
