/** Errors about sources of documents. */
import { OvembedError } from '../../errors.js';

/** An error about a place, such as `file:line`. */
export function problemAt(place: string, problem: string, cause?: unknown): OvembedError {
  return new OvembedError('ERR_INVALID_ARGUMENT', `${place}: ${problem}`, cause === undefined ? {} : { cause });
}

/** What kept a file from being read; errors of the system become ours. */
export function readProblem(path: string, error: unknown): OvembedError {
  if (error instanceof OvembedError) return error;
  return problemAt(path, `cannot be read: ${(error as Error).message}`, error);
}
