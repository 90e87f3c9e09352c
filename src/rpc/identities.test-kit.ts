import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import type { Caller } from "../ports/transport.ts";

/** A swarm's authority for tests, and certificates from it. */
export class TestSwarm {
  readonly ca: RootCa;
  readonly clusterId: string;

  private constructor(ca: RootCa, clusterId: string) {
    this.ca = ca;
    this.clusterId = clusterId;
  }

  static async create(clusterId = "cluster"): Promise<TestSwarm> {
    return new TestSwarm(await RootCa.create(Date.now()), clusterId);
  }

  /** Credentials of a node, trusting `rootPem`; they expire `expiryMs` from now. */
  async credentials(
    nodeId: string,
    role: Caller["role"] = "worker",
    { expiryMs = 3_600_000, rootPem = this.ca.certificatePem, clusterId = this.clusterId } = {},
  ): Promise<Credentials> {
    const keyPem = newNodeKey();
    const node = { nodeId, role, clusterId };
    const certificatePem = await this.ca.sign(await newRequest(keyPem), node, Date.now(), expiryMs);
    // Trusting another root than one's own is what some tests are about: proven under its own, then replaced.
    return { ...parseCredentials({ certificatePem, keyPem, rootPem: this.ca.certificatePem }), rootPem };
  }

  async identity(nodeId: string, role: Caller["role"] = "worker"): Promise<LiveIdentity> {
    return new LiveIdentity(await this.credentials(nodeId, role));
  }
}
