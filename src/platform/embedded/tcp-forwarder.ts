import { connect, createServer, type Server, type Socket } from "node:net";
import type { Backend, Backends, Forwarder } from "./forwarder.ts";

/** Connections forwarded at a time on one published port; more wait in the kernel's queue. */
const maxConnections = 10_000;

/**
 * Listens on a TCP port and forwards each connection, half-close included, to the first backend that answers. Rejects
 * with the system's error when the port cannot be had.
 */
export function forwardTcp(address: string, port: number, backends: Backends): Promise<Forwarder> {
  const open = new Set<Socket>();
  const track = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => {
    track(client);
    client.on("error", () => client.destroy());
    dial(backends(), backend => {
      if (!backend || client.destroyed) {
        backend?.destroy();
        client.destroy();
        return;
      }
      track(backend);
      splice(client, backend);
    });
  });
  server.maxConnections = maxConnections;
  return listening(server, address, port).then(bound => ({
    port: bound,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  }));
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", () => server.close());
      const bound = server.address();
      resolve(typeof bound === "object" && bound ? bound.port : port);
    });
  });
}

/** Tries the backends one after another: a task that has just started may not listen yet. */
function dial(backends: readonly Backend[], done: (backend: Socket | undefined) => void): void {
  const [backend, ...others] = backends;
  if (backend === undefined) {
    done(undefined);
    return;
  }
  const socket = connect({ ...backend, allowHalfOpen: true });
  const failed = (): void => {
    socket.destroy();
    dial(others, done);
  };
  socket.once("error", failed);
  socket.once("connect", () => {
    socket.off("error", failed);
    done(socket);
  });
}

function splice(client: Socket, backend: Socket): void {
  const end = (): void => {
    client.destroy();
    backend.destroy();
  };
  for (const socket of [client, backend]) socket.on("error", end);
  client.once("close", hadError => hadError && end());
  backend.once("close", hadError => hadError && end());
  client.pipe(backend);
  backend.pipe(client);
}
