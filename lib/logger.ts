/**
 * Where ovembed says what it decided and what it worked around. Silent unless a logger is given or `OVEMBED_LOG` is set:
 * a library does not write to another program's stderr unasked.
 */

/** The four methods that `console`, pino, winston and most loggers share. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * The logger of the `logger` option; else one to stderr at the level that `OVEMBED_LOG` names (`debug`, `info`, `warn`
 * or `error`); else a silent one.
 */
export function resolveLogger(logger: Logger | undefined, level = process.env.OVEMBED_LOG): Logger {
  if (logger) return logger;
  const lowest = (LEVELS as readonly (string | undefined)[]).indexOf(level);
  const write = (rank: number) => (message: string) => {
    if (lowest >= 0 && rank >= lowest) process.stderr.write(`ovembed ${LEVELS[rank]}: ${message}\n`);
  };
  return { debug: write(0), info: write(1), warn: write(2), error: write(3) };
}
