import { createServer } from "node:net";

const firstHost = 11;

/** The nodes' loopback addresses: 127.0.0.11 and so on, managers first. */
export function nodeAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `127.0.0.${firstHost + at}`);
}

/** Ports tried one after another. */
const tries = 200;

/** The first port from `wanted` on that is free on all addresses. */
export async function freePort(addresses: readonly string[], wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + tries; port++) {
    const free = await Promise.all(addresses.map(address => isFree(address, port)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no port from ${wanted} on is free on ${addresses[0]} and the addresses after it`);
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
