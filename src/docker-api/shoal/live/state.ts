import type { Client } from "../../../ports/transport.ts";
import type { Control } from "../../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Meta } from "../../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { integer } from "../../answer.ts";
import type { JsonObject } from "../../convert/omit.ts";
import type { LiveChange } from "./changes.ts";
import { type LiveKind, type LiveObjects, liveViews } from "./view.ts";

/** Objects in one part: converting so many holds up other requests for a few milliseconds. */
const partSize = 500;

/** Everything there is, in parts. What others come to depend on is first: nodes and services before their tasks. */
export async function* wholeState(control: Client<typeof Control>): AsyncGenerator<LiveChange[], void> {
  yield* parts("cluster", (await control.listClusters({})).clusters);
  yield* parts("node", (await control.listNodes({})).nodes);
  yield* parts("network", (await control.listNetworks({})).networks);
  yield* parts("secret", (await control.listSecrets({})).secrets);
  yield* parts("config", (await control.listConfigs({})).configs);
  yield* parts("service", (await control.listServices({})).services);
  yield* parts("task", (await control.listTasks({})).tasks);
}

type Identified = { readonly id: string; readonly meta?: Meta | undefined };

function* parts<K extends LiveKind>(
  kind: K,
  objects: readonly (LiveObjects[K] & Identified)[],
): Generator<LiveChange[]> {
  // What is indexed by K is a function of K's object, which TypeScript only sees when it is taken out once.
  const view: (object: LiveObjects[K]) => JsonObject = liveViews[kind];
  for (let at = 0; at < objects.length; at += partSize)
    yield objects.slice(at, at + partSize).map(object => ({
      Kind: kind,
      ID: object.id,
      Version: integer(object.meta?.version?.index ?? 0n),
      Object: view(object),
    }));
}
