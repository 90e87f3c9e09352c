import { swarmLock } from "../pki/swarm-lock.ts";
import { type Handlers, type Registration, register } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import { theCluster } from "../store/the-cluster.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { NodeSpec_Membership } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { issued } from "./issued.ts";
import { Issuer, type IssuerOptions } from "./issuer.ts";

/** The certificate authority's services, over a manager's store. */
export function caServices(options: IssuerOptions): [authority: Registration, nodeCertificates: Registration] {
  return [register(CA, authority(options.store)), register(NodeCA, nodeCertificates(options))];
}

function authority(store: Store): Handlers<typeof CA> {
  return {
    async getRootCACertificate() {
      return { certificate: store.view(theCluster).rootCa?.caCert ?? new Uint8Array() };
    },
    async getUnlockKey() {
      const { key, version } = swarmLock(store.view(theCluster));
      return { unlockKey: key, version: { index: version } };
    },
  };
}

function nodeCertificates(options: IssuerOptions): Handlers<typeof NodeCA> {
  const issuer = new Issuer(options);
  return {
    async issueNodeCertificate({ csr: request, token, availability }, { caller, peerAddress: address }) {
      const nodeId = caller
        ? await issuer.renew(caller, request)
        : await issuer.join({ token, request, availability, address });
      return { nodeId, nodeMembership: NodeSpec_Membership.ACCEPTED };
    },
    async nodeCertificateStatus({ nodeId }, { signal }) {
      const certificate = await issued(options.store, nodeId, signal);
      return { status: certificate.status, certificate };
    },
  };
}
