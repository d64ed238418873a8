/** The files of the command line: found and checked before a model is loaded, and read piece by piece. */
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { InputError, systemReason } from '../failures.js';

/** The name of standard input on the command line. */
export const STDIN = '-';

/** A file, or standard input. */
export interface InputFile {
  /** As given on the command line. */
  path: string;
  /** For messages. */
  name: string;
  /** Undefined if it is not known before the end: standard input, pipes. */
  bytes: number | undefined;
}

/**
 * No file at all is standard input.
 * @throws InputError for a file that is not there, is a folder or cannot be read
 */
export async function findInputs(paths: readonly string[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const path of paths.length > 0 ? paths : [STDIN]) files.push(await findInput(path));
  return files;
}

async function findInput(path: string): Promise<InputFile> {
  if (path === STDIN) return { path, name: 'standard input', bytes: undefined };
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) throw new InputError(`${path}: is a folder, not a file`);
    await access(path, constants.R_OK);
    return { path, name: path, bytes: stats.isFile() ? stats.size : undefined };
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(`${path}: ${systemReason(error)}`);
  }
}

/** Bytes of all files together; undefined if one's are not known. */
export function totalBytes(files: readonly InputFile[]): number | undefined {
  return files.reduce<number | undefined>(
    (sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes),
    0,
  );
}

/** The bytes of a file. Ends early when `stop` aborts, even in the middle of waiting for more. */
export async function* readChunks(
  { path, name }: InputFile,
  stop: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  if (stop.aborted) return;
  const stream: Readable = path === STDIN ? process.stdin : createReadStream(path);
  addAbortSignal(stop, stream);
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (!stop.aborted) throw new InputError(`${name}: ${systemReason(error)}`);
  }
}
