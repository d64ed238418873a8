/** What the command says beside its output: notes, the summary and errors, for people or (`--json`) for programs. */
import type { Logger } from '../logger.js';

/** How the user wants to be talked to. */
export interface Manner {
  quiet?: boolean;
  json?: boolean;
}

/** To the beginning of the line, and all of it erased: a progress bar may be there, which draws itself again below. */
const CLEAR_LINE = '\r\x1b[2K';

/** Saves the place of the cursor, to which the bar returns when it stops. */
const SAVE_CURSOR = '\x1b7';

/** A line for people that is no result: silent with `--quiet` and with `--json`. */
export function note(message: string, { quiet, json }: Manner): void {
  if (quiet || json) return;
  process.stderr.write(process.stderr.isTTY ? `${CLEAR_LINE}${message}\n${SAVE_CURSOR}` : `${message}\n`);
}

/** A line for people that `--quiet` does not silence. */
export const warn = (message: string) => note(`ovembed: ${message}`, {});

/**
 * What the library decides and works around becomes notes; its warnings are no chatter, so `--quiet` keeps them. With
 * `OVEMBED_LOG` set, the library's own logger writes at the level that is asked for.
 */
export function commandLogger(manner: Manner): { logger?: Logger } {
  if (process.env.OVEMBED_LOG) return {};
  const warning = (message: string) => note(`ovembed: ${message}`, { json: manner.json ?? false });
  return { logger: { debug() {}, info: (message) => note(message, manner), warn: warning, error: warning } };
}

/** An error in one line, or as JSON; a stack only for what nobody expected. */
export function reportError(error: unknown, isExpected: boolean, { json }: Manner): void {
  const { message, stack, code } = error as NodeJS.ErrnoException;
  const report = json
    ? JSON.stringify({ error: { code: code ?? 'UNEXPECTED', message } })
    : `ovembed: ${isExpected ? message : (stack ?? message)}`;
  process.stderr.write(`${report}\n`);
}
