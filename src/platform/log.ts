import { pino } from "pino";
import { Fault } from "../lib/fault.ts";
import type { LogFields, Logger } from "../ports/log.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on standard error, one an event, from `level` upwards. */
export function processLogger(level: LogLevel): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: describe } };
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

/** A fault says all in its code and message; of an error that nobody foresaw the stack is needed as well. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message } = error;
  if (error instanceof Fault && error.code !== "unknown") return { code: error.code, message };
  const { stack } = error.cause instanceof Error ? error.cause : error;
  return error instanceof Fault ? { code: error.code, message, stack } : { message, stack };
}
