import { expect, it } from "vitest";
import { networksIn, withNameServers } from "./create-body.ts";

const bytes = (body: unknown): Uint8Array => Buffer.from(typeof body === "string" ? body : JSON.stringify(body));

it.each([
  ["a mode", { HostConfig: { NetworkMode: "net" } }, ["net"]],
  [
    "a mode and places",
    { HostConfig: { NetworkMode: "net" }, NetworkingConfig: { EndpointsConfig: { net: {}, two: null } } },
    ["net", "two"],
  ],
  ["nulls", { HostConfig: null, NetworkingConfig: { EndpointsConfig: null } }, []],
  ["nothing", {}, []],
  ["what the engine will refuse", { HostConfig: { NetworkMode: 7 } }, []],
  ["no JSON", "{", []],
])("finds the networks of a container that is to be made: %s", (_, body, networks) => {
  expect(networksIn(bytes(body))).toEqual(networks);
});

it.each<[{ Image: string; HostConfig?: object }, string[]]>([
  [{ Image: "i", HostConfig: { NetworkMode: "net", Dns: ["9.9.9.9"] } }, ["1.1.1.1", "9.9.9.9"]],
  [{ Image: "i", HostConfig: { NetworkMode: "net", Dns: null } }, ["1.1.1.1"]],
  [{ Image: "i" }, ["1.1.1.1"]],
])("puts name servers before the user's: %j", (body, Dns) => {
  const changed = JSON.parse(Buffer.from(withNameServers(bytes(body), ["1.1.1.1"])).toString());
  expect(changed).toEqual({ ...body, HostConfig: { ...body.HostConfig, Dns } });
});
