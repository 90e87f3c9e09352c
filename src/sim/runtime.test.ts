import { type ContainerInit, type Program, runtimeContract } from "../ports/runtime.contract.test-kit.ts";
import { SimClock } from "./clock.ts";
import { SimMachine, type SimProgram } from "./machine.ts";
import { SimRuntime } from "./runtime.ts";

const stepMs = 50;

runtimeContract("simulated", async () => {
  const clock = new SimClock();
  const machine = new SimMachine({ clock });
  let images = 0;
  const image = (program: SimProgram): ContainerInit => {
    images += 1;
    machine.images.set(`image${images}`, program);
    return { image: `image${images}` };
  };
  return {
    delivers: false,
    open: async nodeId => new SimRuntime(machine, nodeId),
    container: program => containerFor(program, image),
    now: () => clock.now(),
    async until(work) {
      let done = false;
      const mark = (): void => {
        done = true;
      };
      work.then(mark, mark);
      await clock.advance(0);
      while (!done) await clock.advance(stepMs);
      return work;
    },
    close: async () => {},
  };
});

function containerFor(program: Program, image: (program: SimProgram) => ContainerInit): ContainerInit {
  switch (program.kind) {
    case "runs":
    case "prints-variable":
    case "prints-file":
      return image({});
    case "busy":
      return image({ cpus: 1 });
    case "stubborn":
      return image({ stopMs: Number.POSITIVE_INFINITY });
    case "ends":
      return image({ exit: { afterMs: program.afterMs, code: program.code } });
    case "prints": {
      const { stdout, stderr } = program;
      return image(program.stay ? { stdout, stderr } : { stdout, stderr, exit: { afterMs: stepMs, code: 0 } });
    }
    case "checked":
      return image({ health: { afterMs: 100, says: program.healthy ? "healthy" : "unhealthy" } });
    case "no-image":
      return { image: "nowhere" };
    case "no-program":
      return image({ startError: "no such program" });
    default:
      return program satisfies never;
  }
}
