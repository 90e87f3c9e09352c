import { Fault } from "../lib/fault.ts";
import { type Credentials, isPair, parseCredentials } from "../pki/credentials.ts";
import type { Client } from "../ports/transport.ts";
import type { NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { IssuanceStatus_State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** How long one question to a manager's authority may take. */
export const questionTimeoutMs = 10_000;

/** What a certificate is to fit when it comes. */
export interface Awaited {
  readonly nodeId: string;
  readonly keyPem: string;
  readonly rootPem: string;
}

/**
 * Asks once for the node's certificate and proves that it is the one waited for. Undefined while it is still being made.
 * Fault failed_precondition when it will not be made.
 */
export async function collect(
  authority: Client<typeof NodeCA>,
  { nodeId, keyPem, rootPem }: Awaited,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const options = { signal, timeoutMs: questionTimeoutMs };
  const { status, certificate } = await authority.nodeCertificateStatus({ nodeId }, options);
  if (status?.state === IssuanceStatus_State.FAILED)
    throw new Fault("failed_precondition", `Cannot get a certificate for node ${nodeId}: ${status.err}`);
  const { ISSUED, ROTATE } = IssuanceStatus_State;
  if (!certificate || (status?.state !== ISSUED && status?.state !== ROTATE)) return undefined;
  const certificatePem = Buffer.from(certificate.certificate).toString();
  // To be replaced already, and asked for by an earlier run of this node: it has to ask anew.
  if (status.state === ROTATE && !isPair(certificatePem, keyPem))
    throw new Fault("aborted", `Cannot use the certificate for node ${nodeId}: another one is on its way`);
  const credentials = parseCredentials({ certificatePem, keyPem, rootPem });
  if (credentials.nodeId === nodeId) return credentials;
  throw new Fault("data_loss", `Cannot use the certificate for node ${nodeId}: it names ${credentials.nodeId}`);
}
