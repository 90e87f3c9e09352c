import { type Static, Type } from "typebox";
import { deploySchema } from "./deploy-schema.ts";
import { anyKey, cpus, duration, extensible, flag, size, text, textMap, texts, whole } from "./scalars.ts";

const absent = Type.Null();

const fileReference = Type.Object(
  {
    source: text,
    target: Type.Optional(text),
    uid: Type.Optional(text),
    gid: Type.Optional(text),
    mode: Type.Optional(whole),
  },
  extensible,
);

const port = Type.Object(
  {
    target: Type.Integer({ minimum: 1, maximum: 65535, title: "a port" }),
    published: Type.Optional(Type.String({ pattern: "^\\d+(-\\d+)?$", title: "a port or a range of ports" })),
    protocol: Type.Optional(Type.String({ pattern: "^(tcp|udp|sctp)$", title: "tcp, udp or sctp" })),
    mode: Type.Optional(Type.String({ pattern: "^(ingress|host)$", title: "ingress or host" })),
    host_ip: Type.Optional(text),
  },
  extensible,
);

const volume = Type.Object(
  {
    type: Type.String({
      pattern: "^(volume|bind|tmpfs|npipe|cluster)$",
      title: "volume, bind, tmpfs, npipe or cluster",
    }),
    source: Type.Optional(text),
    target: text,
    read_only: Type.Optional(flag),
    consistency: Type.Optional(text),
    bind: Type.Optional(
      Type.Object(
        {
          propagation: Type.Optional(text),
          create_host_path: Type.Optional(flag),
          recursive: Type.Optional(text),
        },
        extensible,
      ),
    ),
    volume: Type.Optional(
      Type.Object(
        { nocopy: Type.Optional(flag), subpath: Type.Optional(text), labels: Type.Optional(textMap) },
        extensible,
      ),
    ),
    tmpfs: Type.Optional(Type.Object({ size: Type.Optional(size), mode: Type.Optional(whole) }, extensible)),
  },
  extensible,
);

const healthcheck = Type.Object(
  {
    test: Type.Optional(texts),
    interval: Type.Optional(duration),
    timeout: Type.Optional(duration),
    start_period: Type.Optional(duration),
    start_interval: Type.Optional(duration),
    retries: Type.Optional(whole),
    disable: Type.Optional(flag),
  },
  extensible,
);

const dependency = Type.Object(
  {
    condition: Type.String({
      pattern: "^service_(started|healthy|completed_successfully)$",
      title: "service_started, service_healthy or service_completed_successfully",
    }),
    required: Type.Optional(flag),
    restart: Type.Optional(flag),
  },
  extensible,
);

const attachment = Type.Object(
  {
    aliases: Type.Optional(texts),
    driver_opts: Type.Optional(textMap),
  },
  extensible,
);

const limit = Type.Integer({ minimum: -1, title: "a whole number" });

/** A service in its normal form, with the members that mean something to a swarm. */
export const serviceSchema = Type.Object(
  {
    cap_add: Type.Optional(texts),
    cap_drop: Type.Optional(texts),
    command: Type.Optional(Type.Union([texts, absent])),
    configs: Type.Optional(Type.Array(fileReference)),
    cpus: Type.Optional(cpus),
    credential_spec: Type.Optional(
      Type.Object(
        { config: Type.Optional(text), file: Type.Optional(text), registry: Type.Optional(text) },
        extensible,
      ),
    ),
    depends_on: Type.Optional(Type.Record(anyKey, dependency)),
    deploy: Type.Optional(deploySchema),
    dns: Type.Optional(texts),
    dns_opt: Type.Optional(texts),
    dns_search: Type.Optional(texts),
    entrypoint: Type.Optional(Type.Union([texts, absent])),
    env_file: Type.Optional(
      Type.Array(Type.Object({ path: text, required: Type.Optional(flag), format: Type.Optional(text) }, extensible)),
    ),
    environment: Type.Optional(textMap),
    extra_hosts: Type.Optional(texts),
    group_add: Type.Optional(texts),
    healthcheck: Type.Optional(healthcheck),
    hostname: Type.Optional(text),
    image: Type.Optional(text),
    init: Type.Optional(flag),
    isolation: Type.Optional(text),
    label_file: Type.Optional(texts),
    labels: Type.Optional(textMap),
    logging: Type.Optional(Type.Object({ driver: Type.Optional(text), options: Type.Optional(textMap) }, extensible)),
    mem_limit: Type.Optional(size),
    mem_reservation: Type.Optional(size),
    networks: Type.Optional(Type.Record(anyKey, Type.Union([attachment, absent]))),
    oom_score_adj: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000, title: "a number from -1000 to 1000" })),
    pids_limit: Type.Optional(limit),
    platform: Type.Optional(text),
    ports: Type.Optional(Type.Array(port)),
    profiles: Type.Optional(texts),
    read_only: Type.Optional(flag),
    restart: Type.Optional(
      Type.String({
        pattern: "^(no|always|unless-stopped|on-failure(:\\d+)?)$",
        title: "no, always, unless-stopped, on-failure or on-failure:N",
      }),
    ),
    scale: Type.Optional(whole),
    secrets: Type.Optional(Type.Array(fileReference)),
    stdin_open: Type.Optional(flag),
    stop_grace_period: Type.Optional(duration),
    stop_signal: Type.Optional(text),
    sysctls: Type.Optional(textMap),
    tmpfs: Type.Optional(texts),
    tty: Type.Optional(flag),
    ulimits: Type.Optional(Type.Record(anyKey, Type.Object({ soft: limit, hard: limit }, extensible))),
    user: Type.Optional(text),
    volumes: Type.Optional(Type.Array(volume)),
    working_dir: Type.Optional(text),
  },
  extensible,
);

export type Service = Static<typeof serviceSchema>;
export type FileReference = Static<typeof fileReference>;
export type Port = Static<typeof port>;
export type Volume = Static<typeof volume>;
export type Healthcheck = Static<typeof healthcheck>;
export type Dependency = Static<typeof dependency>;
