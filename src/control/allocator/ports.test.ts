import { describe, expect, it } from "vitest";
import type { Service } from "../../model/objects.ts";
import {
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, type ServiceInit } from "../objects.test-kit.ts";
import { decideEndpoint, endpointFor, hasEndpoint } from "./endpoint.ts";
import { firstDynamicPort, lastDynamicPort } from "./ports.ts";

type Ports = NonNullable<ServiceInit["ports"]>;

/** A service as it is once its endpoint is allocated beside the others. */
function allocated(service: Service, others: readonly Service[] = []): Service {
  const endpoint = endpointFor(service, others);
  if ("text" in endpoint) throw new Error(endpoint.text);
  return { ...service, endpoint };
}

const withPorts = (id: string, ports: Ports) => aService(id, { ports });
const numbers = (service: Service) => service.endpoint?.ports.map(port => port.publishedPort);

describe("endpoints", () => {
  it("keep given numbers, and take the lowest free ones where none is given", () => {
    const web = allocated(
      withPorts("web", [{ targetPort: 80, publishedPort: 8080 }, { targetPort: 81 }, { targetPort: 82 }]),
    );
    expect(numbers(web)).toEqual([8080, 30_000, 30_001]);
    const other = allocated(withPorts("other", [{ targetPort: 80 }, { targetPort: 53, protocol: Protocol.UDP }]), [
      web,
    ]);
    expect(numbers(other)).toEqual([30_002, 30_000]);
  });

  it("say who holds a number already", () => {
    const web = allocated(withPorts("web", [{ targetPort: 80, publishedPort: 8080 }]));
    expect(endpointFor(withPorts("other", [{ targetPort: 80, publishedPort: 8080 }]), [web])).toEqual({
      text: "port '8080' is already in use by service 'web' (web) as an ingress port",
    });
    const udp = withPorts("other", [{ targetPort: 80, publishedPort: 8080, protocol: Protocol.UDP }]);
    expect(numbers(allocated(udp, [web]))).toEqual([8080]);
  });

  it("leave host-mode ports alone", () => {
    const host = { targetPort: 80, publishedPort: 8080, publishMode: PublishMode.HOST };
    const web = allocated(withPorts("web", [{ targetPort: 80, publishedPort: 8080 }]));
    expect(numbers(allocated(withPorts("other", [host, { ...host, publishedPort: 0 }]), [web]))).toEqual([8080, 0]);
  });

  it("keep a number that was given to an open port before", () => {
    const first = allocated(withPorts("a", [{ targetPort: 1 }]));
    const web = allocated(withPorts("web", [{ targetPort: 80 }]), [first]);
    expect(numbers(web)).toEqual([30_001]);
    const changed = withPorts("web", [{ targetPort: 443 }, { targetPort: 80 }]);
    expect(numbers(allocated({ ...changed, endpoint: web.endpoint! }))).toEqual([30_000, 30_001]);
    const given = withPorts("web", [{ targetPort: 80 }, { targetPort: 443, publishedPort: 30_001 }]);
    expect(numbers(allocated({ ...given, endpoint: web.endpoint! }))).toEqual([30_000, 30_001]);
  });

  it("run out of numbers with a reason", () => {
    const ports = Array.from({ length: lastDynamicPort - firstDynamicPort + 1 }, (_, i) => ({ targetPort: i + 1 }));
    const greedy = allocated(withPorts("greedy", ports));
    expect(endpointFor(withPorts("web", [{ targetPort: 80 }]), [greedy])).toEqual({
      text: "no port between 30000 and 32767 is free",
    });
  });
});

describe("decideEndpoint", () => {
  const web = withPorts("web", [{ targetPort: 80, publishedPort: 8080 }]);

  it("fills in what is missing, once", () => {
    const [write] = decideEndpoint({ service: web, others: [] }).writes;
    expect(write).toMatchObject({
      kind: "update service",
      service: { endpoint: { ports: [{ publishedPort: 8080 }] } },
    });
    expect(decideEndpoint({ service: allocated(web), others: [] }).writes).toEqual([]);
  });

  it("gives a service that publishes nothing none", () => {
    const quiet = aService("quiet", { ports: [] });
    expect(hasEndpoint(quiet)).toBe(true);
    const { endpoint } = allocated(web);
    const [write] = decideEndpoint({ service: { ...quiet, endpoint: endpoint! }, others: [] }).writes;
    if (write?.kind !== "update service") throw new Error("not written");
    expect(write.service.endpoint).toBeUndefined();
  });

  it("waits for a port that is taken", () => {
    expect(decideEndpoint({ service: web, others: [{ ...allocated(web), id: "other" }] })).toEqual({
      writes: [],
      lookAgainMs: 1_000,
    });
  });
});
