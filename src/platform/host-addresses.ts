import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { HostAddresses } from "../ports/host-addresses.ts";

/** Any port does: nothing is sent. */
const probePort = 2377;

/** The machine's interfaces and routes. */
export const systemAddresses: HostAddresses = {
  list() {
    return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses
        .filter(({ address }) => !address.startsWith("fe80:"))
        .map(({ address, internal }) => ({ interface: name, address, isLoopback: internal })),
    );
  },

  towards(host) {
    // Connecting a datagram socket only looks the route up.
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    return new Promise(resolve => {
      socket.on("error", () => {
        socket.close();
        resolve(undefined);
      });
      socket.connect(probePort, host, () => {
        const { address } = socket.address();
        socket.close();
        resolve(address);
      });
    });
  },
};
