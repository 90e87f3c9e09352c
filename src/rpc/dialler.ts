import { type ConnectionOptions, createSecureContext, type SecureContextOptions } from "node:tls";
import { ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";
import { Fault } from "../lib/fault.ts";
import type { IdentitySource } from "../pki/live-identity.ts";
import { caServerName, managerServerName } from "../pki/subject.ts";
import type { Trust } from "../ports/anonymous.ts";
import * as limits from "./limits.ts";

/** How connections are made: what to show, whom to believe, which name to expect. */
export interface Dialler {
  /** For the next connection. Fault failed_precondition when there is nothing to show. */
  credentials(): ChannelCredentials;
  readonly options: ChannelOptions;
  /** The same for connections without gRPC, which managers alone make, to each other. */
  readonly amongManagers?: {
    readonly tls: () => ConnectionOptions;
    /** Whether this node is one, as long as its certificate does not change. */
    readonly isManager: () => boolean;
  };
  /** Calls `changed` when connections made before should no longer be used for new calls. */
  onChange(changed: () => void): () => void;
}

const commonOptions: ChannelOptions = {
  "grpc.max_receive_message_length": limits.maxResponseBytes,
  "grpc.max_send_message_length": -1,
  "grpc.keepalive_time_ms": limits.keepaliveTimeMs,
  "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
  "grpc.initial_reconnect_backoff_ms": limits.initialBackoffMs,
  "grpc.max_reconnect_backoff_ms": limits.maxBackoffMs,
  // Each connection is one of its own: closing it must not depend on who else calls that address.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_retries": 0,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_channelz": 0,
};

/** A node's calls to managers: shows its certificate, believes its root, expects a manager. */
export function memberDialler(identity: IdentitySource): Dialler {
  return {
    credentials() {
      return ChannelCredentials.createFromSecureContext(createSecureContext(secretsOf(identity)));
    },
    amongManagers: {
      tls: () => ({ ...secretsOf(identity), servername: managerServerName }),
      isManager: () => identity.current()?.role === "manager",
    },
    options: { ...commonOptions, "grpc.ssl_target_name_override": managerServerName },
    onChange: changed => identity.onChange(changed),
  };
}

function secretsOf(identity: IdentitySource): SecureContextOptions {
  const current = identity.current();
  if (!current) throw new Fault("failed_precondition", "Cannot call a manager: this node has no certificate");
  const { certificatePem: cert, keyPem: key, rootPem: ca } = current;
  return { cert, key, ca, minVersion: "TLSv1.2" };
}

/** A joining node's calls: shows nothing, believes what it is told to, expects a swarm's authority. */
export function anonymousDialler(trust: Trust): Dialler {
  return {
    credentials() {
      if (trust.kind === "root") {
        const context = createSecureContext({ ca: trust.rootPem, minVersion: "TLSv1.2" });
        return ChannelCredentials.createFromSecureContext(context);
      }
      const context = createSecureContext({ minVersion: "TLSv1.2" });
      return ChannelCredentials.createFromSecureContext(context, { rejectUnauthorized: false });
    },
    options: {
      ...commonOptions,
      "grpc.max_receive_message_length": limits.maxStrangerResponseBytes,
      "grpc.ssl_target_name_override": caServerName,
    },
    onChange: () => () => {},
  };
}
