/** Exit codes of the command, by what a script would do about them. */
import { OvembedError, type OvembedErrorCode } from '../errors.js';
import { InputError, OutputError, ReaderGone, UsageError } from './failures.js';

export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  input: 3,
  model: 4,
  device: 5,
  output: 6,
  verdict: 7,
  /** 128 and the number of the signal, as shells report it. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** For `--help` and for docs/cli.md. */
export const EXIT_CODE_HELP = `Exit codes:
  0    done (also when the reader of standard output stops reading)
  1    something unexpected: please report it
  2    wrong usage: options and arguments
  3    input: a file or a cache cannot be read, a line is malformed, a text is too long
  4    model: not found, not valid, not supported, or not to be downloaded
  5    device: not there, failed, or the native addon does not load
  6    output: cannot be written
  7    verify: the vectors are further from f32 than the precision may cost; cache verify: records are damaged
  130  stopped by Ctrl-C (SIGINT); 143 by SIGTERM. What was read before is finished and written.`;

const BY_ERROR_CODE: Partial<Record<OvembedErrorCode, number>> = {
  ERR_INVALID_ARGUMENT: EXIT.usage,
  ERR_INPUT_TOO_LONG: EXIT.input,
  ERR_CACHE: EXIT.input,
  ERR_DOCUMENT: EXIT.input,
  ERR_MODEL_NOT_FOUND: EXIT.model,
  ERR_MODEL_INVALID: EXIT.model,
  ERR_MODEL_UNSUPPORTED: EXIT.model,
  ERR_MODEL_PROBE_CRASHED: EXIT.model,
  ERR_DOWNLOAD: EXIT.model,
  ERR_DEVICE_UNAVAILABLE: EXIT.device,
  ERR_DEVICE_FAILED: EXIT.device,
  ERR_NON_FINITE: EXIT.device,
  ERR_OUT_OF_MEMORY: EXIT.device,
  ERR_NATIVE_LOAD: EXIT.device,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof ReaderGone) return EXIT.ok;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof InputError) return EXIT.input;
  if (error instanceof OutputError) return EXIT.output;
  if (error instanceof OvembedError) return BY_ERROR_CODE[error.code] ?? EXIT.unexpected;
  return EXIT.unexpected;
}
