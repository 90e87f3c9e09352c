import { once } from "node:events";
import { connect } from "node:net";
import { connect as secure } from "node:tls";
import { expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import { TestSwarm } from "./identities.test-kit.ts";
import { TlsListener } from "./tls-listener.ts";

it("closes, though a handshake that had begun ends only then", async () => {
  const swarm = await TestSwarm.create();
  const accepted: string[] = [];
  const listener = await TlsListener.open({
    ...{ address: "127.0.0.1:0", log: silentLogger },
    identity: await swarm.identity("manager", "manager"),
    accept: ({ endpoint }) => void accepted.push(endpoint),
  });
  const [host = "", port] = listener.address.split(":");
  const raw = connect(Number(port), host);
  await once(raw, "connect");
  // The server has it by the time that it has taken in a second one, which comes to its end.
  const other = secure({ host, port: Number(port), rejectUnauthorized: false });
  await once(other, "secureConnect");
  const closed = listener.close();
  const late = secure({ socket: raw, rejectUnauthorized: false });
  late.on("error", () => {});
  other.on("error", () => {});
  await closed;
  await once(raw, "close");
  expect(accepted.length).toBeLessThanOrEqual(1);
  other.destroy();
});
