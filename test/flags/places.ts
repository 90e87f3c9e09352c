import type { Expectation } from "./row.ts";

/** Nanoseconds, as durations are written in specs. */
export const second = 1_000_000_000;

type Place = (at: string, is: unknown) => Expectation;

/** Where flags show up in `docker service inspect` and, for the last three, in the engine's `docker inspect`. */
export const inContainerSpec: Place = (at, is) => ({ at: `TaskTemplate.ContainerSpec.${at}`, is });
export const inTask: Place = (at, is) => ({ at: `TaskTemplate.${at}`, is });
export const inLimits: Place = (at, is) => ({ at: `TaskTemplate.Resources.Limits.${at}`, is });
export const inReservations: Place = (at, is) => ({ at: `TaskTemplate.Resources.Reservations.${at}`, is });
export const inSpec: Place = (at, is) => ({ at, is });
export const inHostConfig: Place = (at, is) => ({ at: `HostConfig.${at}`, is });
export const inConfig: Place = (at, is) => ({ at: `Config.${at}`, is });
export const amongMounts = (has: object): Expectation => ({ at: "HostConfig.Mounts", has });
export const amongMountSpecs = (has: object): Expectation => ({ at: "TaskTemplate.ContainerSpec.Mounts", has });
