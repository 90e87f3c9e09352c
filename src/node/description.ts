import { create } from "@bufbuild/protobuf";
import { addressLabel } from "../model/node-address.ts";
import { dataAddressLabel } from "../model/node-plane.ts";
import { issuerCertificate } from "../pki/chain.ts";
import { issuerOf } from "../pki/issuer.ts";
import type { IdentitySource } from "../pki/live-identity.ts";
import type { Runtime } from "../ports/runtime.ts";
import { type NodeDescription, NodeTLSInfoSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { addressOf, type NodeState } from "./state-file.ts";

/** This machine as the managers are told: what its runtime says, the root it trusts, and the addresses it goes by. */
export async function describeNode(
  runtime: Runtime,
  identity: IdentitySource,
  state: NodeState,
): Promise<NodeDescription> {
  const description = await runtime.describe();
  const { rootPem = "", certificatePem = "" } = identity.current() ?? {};
  const trustRoot = Buffer.from(rootPem);
  // While the root is being changed the issuer is the new one, and what is trusted still the old one.
  const issuer = issuerOf(Buffer.from(issuerCertificate(certificatePem, rootPem)?.toString() ?? rootPem));
  const tlsInfo = create(NodeTLSInfoSchema, {
    trustRoot: new Uint8Array(trustRoot),
    ...(issuer && { certIssuerSubject: issuer.subject, certIssuerPublicKey: issuer.publicKey }),
  });
  const { engine } = description;
  if (!engine) return { ...description, tlsInfo };
  const addresses = {
    [addressLabel]: addressOf(state),
    ...(state.dataPath && { [dataAddressLabel]: state.dataPath.address }),
  };
  return { ...description, tlsInfo, engine: { ...engine, labels: { ...engine.labels, ...addresses } } };
}
