import type { ServiceSpec } from "./api-types.ts";

const second = 1_000_000_000;

/** The label by which `docker stack` knows what belongs together. */
export const stackLabel = { "com.docker.stack.namespace": "demo" };

export interface StackSettings {
  readonly runtime: "embedded" | "docker";
  readonly nodes: number;
  /** Where the web service is published. */
  readonly port: number;
}

/**
 * What to run on each runtime: the embedded one's images are built in, an engine pulls its own. Tags are written out as
 * clients write them, or the first update from a client would change the image and replace every task.
 */
const images = {
  embedded: { web: "shoal/whoami:latest", worker: "shoal/sleep:latest", ticker: "shoal/job:latest" },
  docker: { web: "traefik/whoami:latest", worker: "busybox:latest", ticker: "busybox:latest" },
};

/** Three services: a web server that is published, workers that only run, and one that prints. */
export function sampleStack({ runtime, nodes, port }: StackSettings): ServiceSpec[] {
  const image = images[runtime];
  const tick = ["sh", "-c", 'while :; do echo "tick on $HOSTNAME at $(date +%T)"; sleep 2; done'];
  return [
    {
      ...service("web", nodes, { Image: image.web }),
      EndpointSpec: { Ports: [publishedPort(runtime, port)] },
    },
    service("worker", 3, { Image: image.worker, ...(runtime === "docker" ? { Args: ["sleep", "infinity"] } : {}) }),
    service("ticker", 1, { Image: image.ticker, Args: tick }),
  ];
}

function service(name: string, replicas: number, container: { Image: string; Args?: string[] }): ServiceSpec {
  return {
    Name: name,
    Labels: stackLabel,
    TaskTemplate: {
      ContainerSpec: { ...container, StopGracePeriod: 2 * second },
      RestartPolicy: { Condition: "any", Delay: second },
    },
    Mode: { Replicated: { Replicas: replicas } },
  };
}

/** On an engine each node publishes by itself: one task a node. */
function publishedPort(runtime: StackSettings["runtime"], port: number) {
  return {
    Protocol: "tcp",
    TargetPort: 80,
    PublishedPort: port,
    PublishMode: runtime === "docker" ? "host" : "ingress",
  };
}

/** The service to scale up: on an engine every task of "web" has its node's port, and there is none for more. */
export function scalableService(runtime: StackSettings["runtime"]): string {
  return runtime === "docker" ? "worker" : "web";
}
