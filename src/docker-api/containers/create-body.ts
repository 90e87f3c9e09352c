import { type Static, Type } from "typebox";
import { Value } from "typebox/value";

/** The parts of a container's creation that are looked at; where one is something else the engine says so. */
const CreateBody = Type.Object({
  HostConfig: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        NetworkMode: Type.Optional(Type.Union([Type.Null(), Type.String()])),
        Dns: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.String())])),
      }),
    ]),
  ),
  NetworkingConfig: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        EndpointsConfig: Type.Optional(Type.Union([Type.Null(), Type.Record(Type.String(), Type.Unknown())])),
      }),
    ]),
  ),
});

/** The networks that a container is to be made on, as it names them. */
export function networksIn(body: Uint8Array): string[] {
  const parsed = parse(body);
  const mode = parsed?.HostConfig?.NetworkMode;
  return [...new Set([...(mode ? [mode] : []), ...Object.keys(parsed?.NetworkingConfig?.EndpointsConfig ?? {})])];
}

/** The same body, with these name servers before the user's. */
export function withNameServers(body: Uint8Array, nameServers: readonly string[]): Uint8Array {
  const parsed = parse(body);
  if (!parsed) return body;
  const HostConfig = { ...parsed.HostConfig, Dns: [...nameServers, ...(parsed.HostConfig?.Dns ?? [])] };
  return Buffer.from(JSON.stringify({ ...parsed, HostConfig }));
}

function parse(body: Uint8Array): Static<typeof CreateBody> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    return Value.Check(CreateBody, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
