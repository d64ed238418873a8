/**
 * Where ovembed says what it decided and what it worked around. Silent unless a logger is given or `OVEMBED_LOG` is set:
 * a library does not write to another program's stderr unasked.
 */

/** The four methods that `console`, pino, winston and most loggers share. */
export interface Logger {
  /** Details, such as how long a load took. */
  debug(message: string): void;
  /** What was decided. */
  info(message: string): void;
  /** What was worked around, and may be unwanted. */
  warn(message: string): void;
  /** What failed without a call that could be told. */
  error(message: string): void;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The logger of the `logger` option; else one to stderr at the level that `OVEMBED_LOG` names (`debug`, `info`, `warn`
 * or `error`, in any case); else a silent one. An unknown level is reported and taken for `warn`.
 */
export function resolveLogger(logger: Logger | undefined, level = process.env.OVEMBED_LOG): Logger {
  if (logger) return logger;
  if (!level) return SILENT;
  const named = (LEVELS as readonly string[]).indexOf(level.toLowerCase());
  const lowest = named < 0 ? LEVELS.indexOf('warn') : named;
  const write = (rank: number) => (message: string) => {
    if (rank >= lowest) process.stderr.write(`ovembed ${LEVELS[rank]}: ${message}\n`);
  };
  const toStderr = { debug: write(0), info: write(1), warn: write(2), error: write(3) };
  if (named < 0) toStderr.warn(`OVEMBED_LOG is ${JSON.stringify(level)}; expected one of ${LEVELS.join(', ')}.`);
  return toStderr;
}
