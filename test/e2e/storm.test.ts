import { afterAll, beforeAll, expect, it } from "vitest";
import { createService, pidsOf, runningTasks, setHeartbeat } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const storms = 100;
const servicesPerStorm = 24;
/** Storms after which the services are removed, so that the list stays short. */
const sweepEvery = 20;

let swarm: Swarm;

beforeAll(async () => {
  swarm = await Swarm.start({ base: 33, workers: 0 });
  // However slow the machine is, the node of a manager that restarts must not be given up.
  await setHeartbeat(swarm.manager, 30_000);
});

afterAll(() => swarm.dispose());

it(`has every answered service after each of ${storms} kills in a storm of creates`, {
  timeout: 1_800_000,
}, async () => {
  const { manager } = swarm;
  await createService(manager, "steady", { replicas: 3 });
  const before = pidsOf(await runningTasks(manager, "steady", 3));
  const answered = new Set<string>();
  for (let storm = 0; storm < storms; storm++) {
    const creates = Array.from({ length: servicesPerStorm }, async (_, at) => {
      const name = `storm-${storm}-${at}`;
      await createService(manager, name, { replicas: 0 });
      answered.add(name);
    });
    // Dies at another point of the storm each time: after none, one, two, … of its answers.
    const awaited = creates.slice(0, storm % servicesPerStorm);
    await Promise.race([Promise.allSettled(creates), Promise.all(awaited).catch(() => {})]);
    await manager.end("SIGKILL");
    await Promise.allSettled(creates);
    await manager.start();
    const found = (await manager.apiOk("GET", "/services")) as { Spec: { Name: string } }[];
    const names = new Set(found.map(service => service.Spec.Name));
    const lost = [...answered].filter(name => !names.has(name));
    expect(lost, `storm ${storm}`).toEqual([]);
    if ((storm + 1) % sweepEvery > 0) continue;
    for (const name of names) if (name !== "steady") await manager.apiOk("DELETE", `/services/${name}`);
    answered.clear();
  }
  expect(pidsOf(await runningTasks(manager, "steady", 3))).toEqual(before);
});
