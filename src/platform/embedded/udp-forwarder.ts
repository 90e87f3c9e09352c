import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Backend, Backends, Forwarder } from "./forwarder.ts";

/** A client that sends nothing for so long is forgotten, milliseconds. */
const idleMs = 60_000;
/** Clients known at a time on one published port; datagrams of more are dropped. */
const maxClients = 4_096;

interface Session {
  readonly socket: Socket;
  readonly backend: Backend;
  timer: Timer;
}

/**
 * Listens on a UDP port and forwards datagrams; a client stays with the backend it was given first, and gets that
 * one's answers. Rejects with the system's error when the port cannot be had.
 */
export async function forwardUdp(address: string, port: number, backends: Backends, clock: Clock): Promise<Forwarder> {
  const server = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const sessions = new Map<string, Session>();

  const forget = (key: string): void => {
    const session = sessions.get(key);
    sessions.delete(key);
    session?.timer.cancel();
    session?.socket.close();
  };

  const open = (key: string, client: RemoteInfo): Session | undefined => {
    const [backend] = backends();
    if (backend === undefined || sessions.size >= maxClients) return undefined;
    const socket = createSocket(isIPv6(backend.host) ? "udp6" : "udp4");
    // A refused datagram means that the task does not listen (any more): the next one may go elsewhere.
    socket.on("error", () => forget(key));
    socket.on("message", message => server.send(message, client.port, client.address));
    const session = { socket, backend, timer: clock.after(idleMs, () => forget(key)) };
    sessions.set(key, session);
    return session;
  };

  server.on("message", (message, client) => {
    const key = `${client.address} ${client.port}`;
    const session = sessions.get(key) ?? open(key, client);
    if (!session) return;
    session.timer.cancel();
    session.timer = clock.after(idleMs, () => forget(key));
    session.socket.send(message, session.backend.port, session.backend.host);
  });

  const bound = await bind(server, address, port);
  return {
    port: bound,
    close: () => {
      for (const key of [...sessions.keys()]) forget(key);
      server.close();
    },
  };
}

function bind(server: Socket, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.bind({ address, port, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve(server.address().port);
    });
  });
}
