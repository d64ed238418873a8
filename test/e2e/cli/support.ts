/** Runs the built command as a process of its own, with a tiny model unless a test names another. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';

export const ROOT = join(import.meta.dirname, '../../..');
const COMMAND = join(ROOT, 'dist/cli/main.js');

/** Width of the tiny model's vectors. */
export const DIMENSIONS = 32;

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A folder of a test file, with the model and the cache in it; gone when its tests are. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'ovembed-cli-'));
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    OVEMBED_MODEL: this.file('model'),
    OVEMBED_CACHE_DIR: this.file('cache'),
  };

  constructor() {
    writeTinyModel({ ...tinyModels.mean, prompts: { query: 'query: ', document: 'passage: ' } }, this.file('model'));
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  start(...args: string[]): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [COMMAND, ...args], { cwd: this.folder, env: this.env });
  }

  run(...args: string[]): Promise<Outcome> {
    return this.feed('', ...args);
  }

  /** Runs the command with the given standard input. */
  feed(input: string | Uint8Array, ...args: string[]): Promise<Outcome> {
    const child = this.start(...args);
    child.stdin.on('error', () => {}); // the command may end without reading all of it
    child.stdin.end(input);
    return outcome(child);
  }
}

export async function outcome(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const ended = new Promise<Pick<Outcome, 'code' | 'signal'>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { ...(await ended), stdout, stderr };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Every line of JSON Lines; the last one must end too. */
export function jsonLines<T>(content: string): T[] {
  const lines = content.split('\n');
  if (lines.pop() !== '') throw new Error('The last line does not end.');
  return lines.map((line) => JSON.parse(line) as T);
}

export interface Matrix {
  rows: number;
  columns: number;
  data: Float32Array;
  /** Bytes of the file beyond what the header announces. */
  excess: number;
}

/** Reads a .npy file by the format's definition, independently of what wrote it. */
export function readNpy(file: string | Buffer): Matrix {
  const bytes = typeof file === 'string' ? readFileSync(file) : file;
  if (bytes.toString('latin1', 0, 8) !== '\x93NUMPY\x01\x00') throw new Error('no .npy file of version 1.0');
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const fields = /^{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), } *\n$/.exec(header);
  if (!fields || start % 64 !== 0) throw new Error(`a header that NumPy would not read: ${header}`);
  const [rows, columns] = fields.slice(1).map(Number) as [number, number];
  const payload = bytes.subarray(start);
  const data = new Float32Array(Uint8Array.from(payload.subarray(0, 4 * rows * columns)).buffer);
  if (data.length !== rows * columns) throw new Error('fewer rows than the header announces');
  return { rows, columns, data, excess: payload.length - 4 * rows * columns };
}
