import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { Dice } from "../sim/dice.ts";
import {
  PlaneChange_Action as Action,
  NetworkMessageSchema,
  PlaneAttachmentSchema,
  type PlaneChangeSchema,
  NetworkMessage_Type as Type,
} from "../wire/gen/shoal/v1/network_pb.ts";
import { back, mesh, other, planeOf, self, twoTasks, web, webTask } from "./plane.test-kit.ts";
import { applyMessage } from "./plane-state.ts";
import { wantedPlane } from "./wanted.ts";

type Item = NonNullable<MessageInitShape<typeof PlaneChangeSchema>["item"]>;

/** What of one thing may change, and something that changes nothing. */
function randomItem(dice: Dice): Item {
  const yes = (): boolean => dice.chance(0.5);
  const port = { ...web.ports[0], targetPort: dice.pick([80, 81]), publishedPort: dice.pick([0, 8080, 8081]) };
  const service = {
    ...web,
    ...dice.pick([{}, { id: "svc-api", name: "api", virtualIps: [], ports: [] }]),
    ...dice.pick([{}, { ports: [port] }, { localOnly: yes(), ports: [port] }]),
    ...dice.pick([{}, { publishAddresses: ["192.0.2.1"] }, { restricted: yes(), allowFrom: dice.pick([[], ["api"]]) }]),
    ...dice.pick([{}, { virtualIps: [{ networkId: back.id, address: dice.pick(["10.0.1.10/24", "10.0.1.11/24"]) }] }]),
  };
  const moved = create(PlaneAttachmentSchema, { networkId: back.id, addresses: ["10.0.1.77/24", "fd00::77/64"] });
  const endpoint = {
    ...webTask(1 + dice.below(4), yes()),
    ...dice.pick([{}, {}, { serviceId: "svc-api" }]),
    ...dice.pick([{}, {}, { attachments: [moved] }]),
  };
  const node = {
    ...other,
    dataAddress: dice.pick(["192.0.2.2", "192.0.2.3", ""]),
    filtersBridges: yes(),
    addresses: dice.pick([[], ["198.51.100.7", "fd00::7"]]),
  };
  const network = dice.pick([mesh, back, { ...back, internal: yes(), encrypted: yes() }]);
  return dice.pick<() => Item>([
    () => ({ case: "service", value: service }),
    () => ({ case: "endpoint", value: endpoint }),
    () => ({ case: "node", value: node }),
    () => ({ case: "network", value: network }),
  ])();
}

it.each([1, 2, 3])("is the same whether worked out change by change or at once (seed %i)", seed => {
  const dice = new Dice(seed);
  let plane = planeOf(twoTasks);
  const results = new Set<string>();
  for (let times = 0; times < 400; times += 1) {
    const action = dice.chance(0.2) ? Action.REMOVE : Action.UPDATE;
    const changes = Array.from({ length: 1 + dice.below(3) }, () => ({ action, item: randomItem(dice) }));
    plane = applyMessage(plane, create(NetworkMessageSchema, { type: Type.INCREMENTAL, changes }));
    const changed = { ...self, underlayMtu: dice.pick([1_400, 1_500]), filtersBridges: dice.chance(0.5) };
    const node = dice.chance(0.9) ? self : changed;
    const leaving = new Set(dice.chance(0.3) ? [`task${1 + dice.below(4)}`] : []);
    const wanted = wantedPlane(plane, node, leaving);
    // Of copies nothing has been worked out before.
    expect(wanted).toEqual(wantedPlane(structuredClone(plane), { ...node }, leaving));
    results.add(JSON.stringify([...wanted.rules.chains]));
  }
  expect(results.size).toBeGreaterThan(50);
});
