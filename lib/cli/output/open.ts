/** The output that the options ask for. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { EmbedderInfo } from '../../index.js';
import { OutputError, systemReason, UsageError } from '../failures.js';
import type { EmbedFlags } from '../flags.js';
import type { InputFile } from '../input/files.js';
import { STDIN } from '../input/files.js';
import { JsonlWriter } from './jsonl.js';
import { hasNpyName, NpyWriter } from './npy.js';
import { RangesWriter } from './ranges.js';
import { FileTarget, SpooledStdout, StdoutTarget } from './targets.js';
import type { VectorWriter } from './writer.js';

/** As asked for; else by the name of the file. */
function formatOf({ format, output }: EmbedFlags): 'jsonl' | 'npy' {
  return format ?? (output?.toLowerCase().endsWith('.npy') ? 'npy' : 'jsonl');
}

/** Finds what is wrong with the output before a model is loaded. Nothing is opened yet, so an older file stays as it is. */
export async function checkOutput(flags: EmbedFlags, inputs: readonly InputFile[]): Promise<void> {
  const { dtype, saveRanges } = flags;
  if (saveRanges === undefined && formatOf(flags) === 'npy' && !hasNpyName(dtype)) {
    throw new UsageError(`--dtype ${dtype}: NumPy has no such type; take --format jsonl or another --dtype`);
  }
  const output = saveRanges ?? flags.output;
  if (output === undefined) {
    if (formatOf(flags) === 'npy' && process.stdout.isTTY) {
      throw new UsageError('a .npy file is not for the screen: name a file with --output, or redirect standard output');
    }
    return;
  }
  for (const { path } of inputs) {
    if (path !== STDIN && (await isSameFile(path, output))) {
      throw new UsageError(
        `${saveRanges ? '--save-ranges' : '--output'} ${output}: this is an input file, which would be overwritten`,
      );
    }
  }
  const folder = dirname(resolve(output));
  await access(folder, constants.W_OK).catch((error) => {
    throw new OutputError(`${output}: cannot be written: ${folder}: ${systemReason(error)}`);
  });
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

export async function openWriter(flags: EmbedFlags, info: EmbedderInfo): Promise<VectorWriter> {
  const { output, into, dtype, saveRanges, dimensions = info.dimensions } = flags;
  if (saveRanges !== undefined) return new RangesWriter(saveRanges, info, dimensions);
  if (formatOf(flags) === 'npy') {
    const target = output === undefined ? await SpooledStdout.open() : await FileTarget.open(output);
    return NpyWriter.start(target, dimensions, dtype);
  }
  const target = output === undefined ? new StdoutTarget() : await FileTarget.open(output);
  return new JsonlWriter(target, into, { dtype, dimensions });
}
