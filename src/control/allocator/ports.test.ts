import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Service } from "../../model/objects.ts";
import { EndpointSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type PortConfig,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, type ServiceInit } from "../objects.test-kit.ts";
import { firstDynamicPort, lastDynamicPort, PortBook } from "./ports.ts";
import { isProblem, type Problem } from "./problem.ts";

type Ports = NonNullable<ServiceInit["ports"]>;

function portsOf(service: Service, others: readonly Service[] = []): PortConfig[] | Problem {
  const book = new PortBook();
  book.rebuild(others);
  return book.allocate(service);
}

/** A service as it is once its ports are allocated beside the others. */
function allocated(service: Service, others: readonly Service[] = []): Service {
  const ports = portsOf(service, others);
  if (isProblem(ports)) throw new Error(ports.text);
  return { ...service, endpoint: create(EndpointSchema, { ports }) };
}

const withPorts = (id: string, ports: Ports) => aService(id, { ports });
const numbers = (service: Service) => service.endpoint?.ports.map(port => port.publishedPort);

describe("published ports", () => {
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
    expect(portsOf(withPorts("other", [{ targetPort: 80, publishedPort: 8080 }]), [web])).toMatchObject({
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

  it("are free again when nobody holds them any more", () => {
    const book = new PortBook();
    const web = allocated(withPorts("web", [{ targetPort: 80, publishedPort: 8080 }]));
    const other = withPorts("other", [{ targetPort: 80, publishedPort: 8080 }]);
    expect(book.apply({ kind: "service", action: "create", version: 1n, object: web })).toBe(false);
    expect(isProblem(book.allocate(other))).toBe(true);
    const bare = { ...web, endpoint: create(EndpointSchema) };
    expect(book.apply({ kind: "service", action: "update", version: 2n, object: bare, old: web })).toBe(true);
    expect(isProblem(book.allocate(other))).toBe(false);
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
    expect(portsOf(withPorts("web", [{ targetPort: 80 }]), [greedy])).toMatchObject({
      text: "no port between 30000 and 32767 is free",
    });
  });
});
