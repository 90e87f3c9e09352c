import { pino } from "pino";
import type { LogFields, Logger } from "../ports/log.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on standard error, one an event, from `level` upwards. */
export function processLogger(level: LogLevel): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return adapt(pino({ ...options, formatters: { level: label => ({ level: label }) } }, pino.destination(2)));
}

function adapt(log: Pick<pino.Logger, LogLevel | "child">): Logger {
  return {
    debug: (message, fields: LogFields = {}) => log.debug(fields, message),
    info: (message, fields: LogFields = {}) => log.info(fields, message),
    warn: (message, fields: LogFields = {}) => log.warn(fields, message),
    error: (message, fields: LogFields = {}) => log.error(fields, message),
    with: fields => adapt(log.child(fields)),
  };
}
