import { type Static, Type } from "typebox";
import { cpus, duration, extensible, number, size, text, textMap, whole } from "./scalars.ts";

const word = (...words: string[]) =>
  Type.String({ pattern: `^(${words.join("|")})$`, title: `one of ${words.join(", ")}` });

const genericResource = Type.Object(
  {
    discrete_resource_spec: Type.Optional(Type.Object({ kind: text, value: whole }, extensible)),
    named_resource_spec: Type.Optional(Type.Object({ kind: text, value: text }, extensible)),
  },
  extensible,
);

const updateConfig = Type.Object(
  {
    parallelism: Type.Optional(whole),
    delay: Type.Optional(duration),
    failure_action: Type.Optional(word("continue", "pause", "rollback")),
    monitor: Type.Optional(duration),
    max_failure_ratio: Type.Optional(number),
    order: Type.Optional(word("start-first", "stop-first")),
  },
  extensible,
);

/** `deploy` of a service (Compose Deploy specification). */
export const deploySchema = Type.Object(
  {
    mode: Type.Optional(word("replicated", "global", "replicated-job", "global-job")),
    replicas: Type.Optional(whole),
    endpoint_mode: Type.Optional(
      Type.String({ pattern: "^(?:[vV][iI][pP]|[dD][nN][sS][rR][rR])$", title: "vip or dnsrr" }),
    ),
    labels: Type.Optional(textMap),
    placement: Type.Optional(
      Type.Object(
        {
          constraints: Type.Optional(Type.Array(text)),
          preferences: Type.Optional(Type.Array(Type.Object({ spread: text }, extensible))),
          max_replicas_per_node: Type.Optional(whole),
        },
        extensible,
      ),
    ),
    resources: Type.Optional(
      Type.Object(
        {
          limits: Type.Optional(
            Type.Object(
              { cpus: Type.Optional(cpus), memory: Type.Optional(size), pids: Type.Optional(whole) },
              extensible,
            ),
          ),
          reservations: Type.Optional(
            Type.Object(
              {
                cpus: Type.Optional(cpus),
                memory: Type.Optional(size),
                generic_resources: Type.Optional(Type.Array(genericResource)),
              },
              extensible,
            ),
          ),
        },
        extensible,
      ),
    ),
    restart_policy: Type.Optional(
      Type.Object(
        {
          condition: Type.Optional(word("none", "on-failure", "any")),
          delay: Type.Optional(duration),
          max_attempts: Type.Optional(whole),
          window: Type.Optional(duration),
        },
        extensible,
      ),
    ),
    update_config: Type.Optional(updateConfig),
    rollback_config: Type.Optional(updateConfig),
  },
  extensible,
);

export type Deploy = Static<typeof deploySchema>;
export type UpdateConfig = Static<typeof updateConfig>;
