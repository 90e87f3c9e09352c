import { transportContract } from "../ports/transport.contract.test-kit.ts";
import { SimClock } from "./clock.ts";
import { SimNetwork } from "./transport.ts";

transportContract("the simulated network", async () => {
  const clock = new SimClock();
  const network = new SimNetwork({ clock });
  return {
    member: async caller => network.transport(`host-${caller.nodeId}`, caller),
    stranger: address => network.transport("host-of-nobody").connect(address),
    listenAddress: "host-manager1:0",
    async until(work) {
      let over = false;
      const done = () => {
        over = true;
      };
      work.then(done, done);
      while (!over) await clock.advance(10);
      return work;
    },
    close: async () => {},
  };
});
