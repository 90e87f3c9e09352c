import { type Static, Type } from "typebox";
import type { ContainerWish } from "../../ports/container-networks.ts";
import { optionalString } from "../schema.ts";

const optionalObject = <T extends Parameters<typeof Type.Object>[0]>(members: T) => Type.Optional(Type.Object(members));

/** The body of `connect`, and of `disconnect`, as far as it is looked at. */
export const connectBody = Type.Object({
  Container: optionalString,
  EndpointConfig: optionalObject({
    Aliases: Type.Optional(Type.Array(Type.String())),
    IPAMConfig: optionalObject({ IPv4Address: optionalString, IPv6Address: optionalString }),
  }),
});

/** What a container is to have on the network. */
export function wishIn({ EndpointConfig = {} }: Omit<Static<typeof connectBody>, "Container">): ContainerWish {
  const { Aliases = [], IPAMConfig = {} } = EndpointConfig;
  const asked = [IPAMConfig.IPv4Address, IPAMConfig.IPv6Address].flatMap(address => address || []);
  return { aliases: Aliases, asked };
}
