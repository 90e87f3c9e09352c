import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { enroll } from "../../src/node/enroll.ts";
import type { Credentials } from "../../src/pki/credentials.ts";
import { LiveIdentity } from "../../src/pki/live-identity.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { grpcTransport } from "../../src/rpc/transport.ts";
import { NodeSpec_Availability } from "../../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Target } from "./target.ts";

/** Calls over one connection, before another is made from another address: failed joins are counted by address. */
const callsPerConnection = 20;
const enrolLimitMs = 60_000;

/** Who calls the manager's port: somebody without a certificate, or a node with one of its own. */
export class Intruder {
  readonly role: "nobody" | "worker" | "manager";
  readonly #target: Target;
  #credentials: Credentials | undefined;
  #session: ClientHttp2Session | undefined;
  #calls = 0;

  constructor(role: "nobody" | "worker" | "manager", target: Target) {
    this.role = role;
    this.#target = target;
  }

  /** Joins with this token, for a certificate that holds now. */
  async enrol(token: string): Promise<Credentials> {
    const dialler = grpcTransport({ identity: new LiveIdentity(), log: silentLogger, clock: systemClock });
    const credentials = await enroll({
      remotes: [`${this.#target.address}:2377`],
      token,
      availability: NodeSpec_Availability.ACTIVE,
      dialler,
      clock: systemClock,
      random: systemRandom,
      signal: AbortSignal.timeout(enrolLimitMs),
    });
    this.#credentials = credentials;
    this.close();
    return credentials;
  }

  /** An HTTP/2 session: the last one, unless that is used up or over. */
  session(localAddress: string): ClientHttp2Session {
    const last = this.#session;
    if (last && !last.closed && !last.destroyed && this.#calls++ < callsPerConnection) return last;
    last?.close();
    this.#calls = 0;
    const session = connect(`https://${this.#target.address}:2377`, {
      createConnection: () => this.tls("h2", localAddress),
    });
    // What happens to it happens to its streams too, and is seen there.
    session.on("error", () => session.destroy());
    session.on("goaway", () => {
      this.#session = undefined;
    });
    session.setTimeout(60_000, () => session.close());
    this.#session = session;
    return session;
  }

  /** A bare TLS connection. */
  tls(protocol: string, localAddress: string): TLSSocket {
    const own = this.#credentials;
    const socket = connectTls({
      socket: connectTcp({ host: this.#target.address, port: 2377, localAddress }),
      servername: "swarm-manager",
      ALPNProtocols: [protocol],
      rejectUnauthorized: false,
      ...(own && { cert: own.certificatePem, key: own.keyPem }),
    });
    // Whoever uses it sees that it is closed.
    socket.on("error", () => socket.destroy());
    return socket;
  }

  close(): void {
    this.#session?.close();
    this.#session = undefined;
  }
}
