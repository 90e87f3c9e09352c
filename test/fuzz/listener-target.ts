import { LiveIdentity } from "../../src/pki/live-identity.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { register } from "../../src/ports/transport.ts";
import { grpcTransport } from "../../src/rpc/transport.ts";
import { CA } from "../../src/wire/gen/docker/swarmkit/v1/ca_pb.ts";

/*
 * A program of its own: a listener with its identity from the parent that cuts one node off again and again, and answers
 * with as much as does not go out at once. With --expose-gc, as some of what is to be seen comes out only when memory is collected.
 */

const cutMs = 12;
const collectMs = 40;
const answer = { certificate: new Uint8Array(50_000) };

process.on("disconnect", () => process.exit());
process.once("message", async credentials => {
  const identity = new LiveIdentity(credentials as never);
  const transport = grpcTransport({ identity, log: silentLogger, clock: systemClock });
  const ca = register(CA, { getRootCACertificate: async () => answer, getUnlockKey: async () => ({}) });
  const listener = await transport.listen("127.0.0.1:0", [ca]);
  setInterval(() => listener.disconnect("intruder"), cutMs);
  setInterval(() => globalThis.gc?.(), collectMs);
  process.on("message", () => process.send?.("alive"));
  process.send?.(listener.address);
});
