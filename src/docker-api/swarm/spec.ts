import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { durationToNanos } from "../../model/time.ts";
import { type ClusterSpec, ClusterSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  type CAConfig,
  CAConfigSchema,
  type ExternalCA,
  ExternalCA_CAProtocol,
  ExternalCASchema,
  type RaftConfig,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer, type Json } from "../answer.ts";
import { annotationsMembers, fromAnnotations, toAnnotations } from "../convert/annotations.ts";
import { driverBody, fromDriver, toDriver } from "../convert/driver.ts";
import { optionalDuration, toDuration } from "../convert/duration.ts";
import { filled, type JsonObject, omitEmpty, stringMap } from "../convert/omit.ts";
import { HttpError } from "../errors.ts";
import {
  optionalBoolean,
  optionalInt64,
  optionalString,
  optionalStringMap,
  optionalUint32,
  optionalUint64,
} from "../schema.ts";

/** What a new swarm gets for what its founder leaves out, and an updated one for what is set to zero. */
const defaults = {
  name: "default",
  taskHistoryRetentionLimit: 5,
  snapshotInterval: 10_000,
  keepOldSnapshots: 0,
  logEntriesForSlowFollowers: 500,
  electionTick: 10,
  heartbeatTick: 1,
  heartbeatPeriodNanos: 5_000_000_000,
  nodeCertExpiryNanos: 90 * 24 * 3600 * 1_000_000_000,
};

const externalCaBody = Type.Object({
  Protocol: optionalString,
  URL: optionalString,
  Options: optionalStringMap,
  CACert: optionalString,
});

const caConfigBody = Type.Object({
  NodeCertExpiry: optionalDuration,
  ExternalCAs: Type.Optional(Type.Array(externalCaBody)),
  SigningCACert: optionalString,
  SigningCAKey: optionalString,
  ForceRotate: optionalUint64,
});

const raftBody = Type.Object({
  SnapshotInterval: optionalUint64,
  KeepOldSnapshots: optionalUint64,
  LogEntriesForSlowFollowers: optionalUint64,
  ElectionTick: optionalUint32,
  HeartbeatTick: optionalUint32,
});

/** The body of `/swarm/update`, and `Spec` in that of `/swarm/init`. */
export const clusterSpecBody = Type.Object({
  ...annotationsMembers,
  Orchestration: Type.Optional(Type.Object({ TaskHistoryRetentionLimit: optionalInt64 })),
  Raft: Type.Optional(raftBody),
  Dispatcher: Type.Optional(Type.Object({ HeartbeatPeriod: optionalDuration })),
  CAConfig: Type.Optional(caConfigBody),
  TaskDefaults: Type.Optional(Type.Object({ LogDriver: Type.Optional(driverBody) })),
  EncryptionConfig: Type.Optional(Type.Object({ AutoLockManagers: optionalBoolean })),
});

type ClusterSpecBody = Static<typeof clusterSpecBody>;

/** The spec that a body asks for, complete. 400 for a name other than "default": there is one cluster. */
export function toClusterSpec(body: ClusterSpecBody): ClusterSpec {
  if (body.Name && body.Name !== defaults.name) throw new HttpError(400, 'swarm spec must be named "default"');
  const logDriver = toDriver(body.TaskDefaults?.LogDriver, "TaskDefaults.LogDriver");
  return create(ClusterSpecSchema, {
    annotations: toAnnotations({ ...body, Name: defaults.name }),
    acceptancePolicy: {},
    orchestration: {
      taskHistoryRetentionLimit: BigInt(
        body.Orchestration?.TaskHistoryRetentionLimit ?? defaults.taskHistoryRetentionLimit,
      ),
    },
    raft: toRaft(body.Raft),
    dispatcher: { heartbeatPeriod: toDuration(body.Dispatcher?.HeartbeatPeriod || defaults.heartbeatPeriodNanos) },
    caConfig: toCaConfig(body.CAConfig),
    taskDefaults: logDriver ? { logDriver } : {},
    encryptionConfig: { autoLockManagers: body.EncryptionConfig?.AutoLockManagers ?? false },
  });
}

function toRaft(body: Static<typeof raftBody> = {}) {
  return {
    snapshotInterval: BigInt(body.SnapshotInterval || defaults.snapshotInterval),
    keepOldSnapshots: BigInt(body.KeepOldSnapshots ?? defaults.keepOldSnapshots),
    logEntriesForSlowFollowers: BigInt(body.LogEntriesForSlowFollowers || defaults.logEntriesForSlowFollowers),
    electionTick: body.ElectionTick || defaults.electionTick,
    heartbeatTick: body.HeartbeatTick || defaults.heartbeatTick,
  };
}

function toCaConfig(body: Static<typeof caConfigBody> = {}): CAConfig {
  return create(CAConfigSchema, {
    nodeCertExpiry: toDuration(body.NodeCertExpiry || defaults.nodeCertExpiryNanos),
    externalCas: (body.ExternalCAs ?? []).map(toExternalCa),
    signingCaCert: Buffer.from(body.SigningCACert ?? ""),
    signingCaKey: Buffer.from(body.SigningCAKey ?? ""),
    forceRotate: BigInt(body.ForceRotate ?? 0),
  });
}

function toExternalCa(body: Static<typeof externalCaBody>): ExternalCA {
  const protocol = body.Protocol ?? "";
  if (protocol.toLowerCase() !== "cfssl") throw new HttpError(400, `invalid protocol: ${JSON.stringify(protocol)}`);
  return create(ExternalCASchema, {
    protocol: ExternalCA_CAProtocol.CFSSL,
    url: body.URL ?? "",
    options: stringMap(body.Options, "CAConfig.ExternalCAs.Options"),
    caCert: Buffer.from(body.CACert ?? ""),
  });
}

/** The spec as clients read it and send it back whole. Signing certificate and key never leave. */
export function fromClusterSpec(spec: ClusterSpec | undefined): JsonObject {
  return {
    ...fromAnnotations(spec?.annotations),
    Orchestration: {
      TaskHistoryRetentionLimit: integer(spec?.orchestration?.taskHistoryRetentionLimit ?? 0n),
    },
    Raft: fromRaft(spec?.raft),
    Dispatcher: omitEmpty({ HeartbeatPeriod: nanos(spec?.dispatcher?.heartbeatPeriod) }),
    CAConfig: fromCaConfig(spec?.caConfig),
    TaskDefaults: omitEmpty({ LogDriver: fromDriver(spec?.taskDefaults?.logDriver) }),
    EncryptionConfig: { AutoLockManagers: spec?.encryptionConfig?.autoLockManagers ?? false },
  };
}

function fromRaft(raft: RaftConfig | undefined): JsonObject {
  return {
    ...omitEmpty({ SnapshotInterval: integer(raft?.snapshotInterval ?? 0n) }),
    KeepOldSnapshots: integer(raft?.keepOldSnapshots ?? 0n),
    ...omitEmpty({ LogEntriesForSlowFollowers: integer(raft?.logEntriesForSlowFollowers ?? 0n) }),
    ElectionTick: raft?.electionTick ?? 0,
    HeartbeatTick: raft?.heartbeatTick ?? 0,
  };
}

function fromCaConfig(config: CAConfig | undefined): JsonObject {
  return omitEmpty({
    NodeCertExpiry: nanos(config?.nodeCertExpiry),
    ExternalCAs: (config?.externalCas ?? []).map(fromExternalCa),
    ForceRotate: integer(config?.forceRotate ?? 0n),
  });
}

function fromExternalCa(ca: ExternalCA): Json {
  return {
    Protocol: "cfssl",
    URL: ca.url,
    ...omitEmpty({ Options: filled(ca.options) }),
    CACert: Buffer.from(ca.caCert).toString(),
  };
}

function nanos(duration: ReturnType<typeof toDuration> | undefined): number {
  return duration ? integer(durationToNanos(duration)) : 0;
}
