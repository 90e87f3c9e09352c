import { type Static, Type } from "typebox";
import { anyKey, extensible, flag, text, textMap } from "./scalars.ts";
import { serviceSchema } from "./service-schema.ts";

const named = { name: Type.Optional(text), external: Type.Optional(flag), labels: Type.Optional(textMap) };

const network = Type.Object(
  {
    ...named,
    driver: Type.Optional(text),
    driver_opts: Type.Optional(textMap),
    attachable: Type.Optional(flag),
    internal: Type.Optional(flag),
    enable_ipv6: Type.Optional(flag),
    ipam: Type.Optional(
      Type.Object(
        {
          driver: Type.Optional(text),
          options: Type.Optional(textMap),
          config: Type.Optional(
            Type.Array(
              Type.Object(
                {
                  subnet: Type.Optional(text),
                  ip_range: Type.Optional(text),
                  gateway: Type.Optional(text),
                },
                extensible,
              ),
            ),
          ),
        },
        extensible,
      ),
    ),
  },
  extensible,
);

const volume = Type.Object({ ...named, driver: Type.Optional(text), driver_opts: Type.Optional(textMap) }, extensible);

const file = Type.Object(
  {
    ...named,
    file: Type.Optional(text),
    content: Type.Optional(text),
    environment: Type.Optional(text),
    driver: Type.Optional(text),
    driver_opts: Type.Optional(textMap),
    template_driver: Type.Optional(text),
  },
  extensible,
);

const orNothing = <S extends typeof network | typeof volume>(schema: S) => Type.Union([schema, Type.Null()]);

/** A Compose file in its normal form, with what means something to a swarm. */
export const projectSchema = Type.Object(
  {
    name: Type.Optional(text),
    services: Type.Optional(Type.Record(anyKey, serviceSchema)),
    networks: Type.Optional(Type.Record(anyKey, orNothing(network))),
    volumes: Type.Optional(Type.Record(anyKey, orNothing(volume))),
    secrets: Type.Optional(Type.Record(anyKey, file)),
    configs: Type.Optional(Type.Record(anyKey, file)),
  },
  extensible,
);

export type Network = Static<typeof network>;
export type NamedVolume = Static<typeof volume>;
export type FileObject = Static<typeof file>;
