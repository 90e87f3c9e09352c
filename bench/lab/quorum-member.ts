import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import type { Beginning } from "../../src/consensus/beginning.ts";
import { Consensus } from "../../src/consensus/consensus.ts";
import type { Member } from "../../src/consensus/member.ts";
import { aesGcmSealer } from "../../src/consensus/sealer.ts";
import { type Config, newMeta } from "../../src/model/objects.ts";
import type { Credentials } from "../../src/pki/credentials.ts";
import { dataKeyBytes } from "../../src/pki/key-file.ts";
import { LiveIdentity } from "../../src/pki/live-identity.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemDisk } from "../../src/platform/disk.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { grpcTransport } from "../../src/rpc/transport.ts";
import { Store } from "../../src/store/store.ts";
import { ConfigSchema } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ConfigSpecSchema } from "../../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import { load } from "./load.ts";

/** What a member is asked, one thing after the other; `advanced` serialization carries bigints. */
export type Order =
  | { readonly order: "start"; readonly start: Start }
  | { readonly order: "admit"; readonly nodeId: string; readonly address: string }
  | { readonly order: "load"; readonly writers: number; readonly durationMs: number; readonly bytes: number }
  | { readonly order: "clear" };

export interface Start {
  readonly directory: string;
  readonly address: string;
  readonly credentials: Credentials;
  /** Undefined for the one that founds the quorum. */
  readonly joining: { readonly raftId: bigint; readonly members: readonly Member[] } | undefined;
}

/** Objects removed in one change. */
const clearBatch = 500;

let consensus: Consensus;
const store = new Store({ clock: systemClock });
const made: string[] = [];

async function start({ directory, address, credentials, joining }: Start): Promise<void> {
  const { nodeId } = credentials;
  const transport = grpcTransport({ identity: new LiveIdentity(credentials), log: silentLogger, clock: systemClock });
  const beginning: Beginning = joining ? { kind: "join", ...joining } : { kind: "found" };
  consensus = await Consensus.open({
    ...{ store, directory, transport, beginning },
    ...{ disk: systemDisk, clock: systemClock, random: systemRandom, log: silentLogger },
    sealer: aesGcmSealer(systemRandom.bytes(dataKeyBytes), systemRandom),
    self: { nodeId, address },
    onLeadership: () => {},
    onRemoved: () => {},
    onBroken: fault => {
      throw fault;
    },
  });
  await transport.listen(address, consensus.registrations);
  if (!joining) await until(() => consensus.leadership.kind === "leading");
}

/** Lets another member in, and tells what it has to know. */
async function admit(nodeId: string, address: string): Promise<Start["joining"]> {
  const { raftId } = await consensus.addMember(nodeId, address, { isBlank: true });
  return { raftId, members: consensus.members };
}

async function write(bytes: number): Promise<void> {
  const config = newConfig(bytes);
  await store.update(tx => tx.config.create(config));
  made.push(config.id);
}

async function clear(): Promise<void> {
  while (made.length > 0) {
    const ids = made.splice(0, clearBatch);
    await store.update(tx => {
      for (const id of ids) tx.config.remove(id);
    });
  }
}

let count = 0;

function newConfig(bytes: number): Config {
  const annotations = create(AnnotationsSchema, { name: `config-${++count}` });
  const spec = create(ConfigSpecSchema, { annotations, data: Buffer.alloc(bytes, "x") });
  return { ...create(ConfigSchema, { id: `config${count}` }), meta: newMeta(), spec: { ...spec, annotations } };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10));
}

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case "start":
      return start(order.start);
    case "admit":
      return admit(order.nodeId, order.address);
    case "load":
      await until(() => consensus.members.every(({ isVoter }) => isVoter));
      return load(() => write(order.bytes), order);
    case "clear":
      return clear();
    default:
      return order satisfies never;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.on("message", order => {
    void obey(order as Order).then(answer => process.send?.({ answer }));
  });
