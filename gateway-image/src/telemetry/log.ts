/** The log: one JSON object a line on standard output, no prompt, no answer, no key. */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

/** Lines of the same moment are written together; the last ones at the end of the process. */
const GATHERED = { minLength: 8_192, periodicFlush: 50 } as const;

export interface LogOptions {
  readonly level: string;
  readonly site: string;
  readonly instance: string;
  readonly destination?: DestinationStream;
}

export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: { site: options.site, instance: options.instance },
    messageKey: "message",
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { cause: describeError },
  };
  return options.destination === undefined
    ? pino(settings, pino.destination({ fd: 1, sync: false, ...GATHERED }))
    : pino(settings, options.destination);
}

/** Message, code and cause; a stack only where the defect may be ours. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : String(error);
  const code = "code" in error ? { code: String(error.code) } : {};
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  const stack = "code" in error ? {} : { stack: error.stack };
  return { name: error.name, message: error.message, ...code, ...cause, ...stack };
}
