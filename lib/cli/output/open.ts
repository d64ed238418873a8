/** The output that the options ask for. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { EmbedderInfo } from '../../index.js';
import { OutputError, systemReason, UsageError } from '../failures.js';
import type { EmbedFlags } from '../flags.js';
import type { InputFile } from '../input/files.js';
import { STDIN } from '../input/files.js';
import { checkFormat, formatOf } from './formats.js';
import { JsonlWriter } from './jsonl.js';
import { NpyWriter } from './npy.js';
import { RangesWriter } from './ranges.js';
import { RowsWriter } from './rows.js';
import { FileTarget, SpooledStdout, StdoutTarget } from './targets.js';
import type { VectorWriter } from './writer.js';

/** Finds what is wrong with the output before a model is loaded. Nothing is opened yet, so an older file stays as it is. */
export async function checkOutput(flags: EmbedFlags, inputs: readonly InputFile[]): Promise<void> {
  const { saveRanges } = flags;
  if (saveRanges === undefined) await checkFormat(flags);
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
  const format = formatOf(flags);
  if (format === 'npy') {
    const target = output === undefined ? await SpooledStdout.open() : await FileTarget.open(output);
    return NpyWriter.start(target, { dimensions, dtype });
  }
  if (format !== 'jsonl') return new RowsWriter(output as string, format, { ...flags, dimensions }, info);
  const target = output === undefined ? new StdoutTarget() : await FileTarget.open(output);
  return new JsonlWriter(target, into, { dtype, dimensions });
}
