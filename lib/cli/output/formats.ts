/** Which format is asked for, and what each can do. */
import { extname } from 'node:path';
import { loadArrow, loadParquetWriter } from '../../vectors/files/packages.js';
import { UsageError } from '../failures.js';
import type { EmbedFlags, Format } from '../flags.js';

const TO_STANDARD_OUTPUT: readonly Format[] = ['jsonl', 'npy'];
const WITH_COLUMNS: readonly Format[] = ['arrow', 'parquet'];
const BY_EXTENSION: readonly Format[] = ['npy', 'safetensors', 'arrow', 'parquet'];

/** As asked for; else by the name of the file. */
export function formatOf({ format, output = '' }: EmbedFlags): Format {
  return format ?? BY_EXTENSION.find((known) => extname(output).toLowerCase() === `.${known}`) ?? 'jsonl';
}

/**
 * @throws UsageError for options that the format does not have; OvembedError `ERR_INVALID_ARGUMENT` if it needs packages that
 *   are not installed
 */
export async function checkFormat(flags: EmbedFlags): Promise<void> {
  const { output, into, columns } = flags;
  const format = formatOf(flags);
  if (output === undefined && !TO_STANDARD_OUTPUT.includes(format)) {
    throw new UsageError(`--format ${format}: is not for standard output: name a file with --output`);
  }
  if (columns && !WITH_COLUMNS.includes(format)) {
    throw new UsageError(`--columns: a file of the format ${format} has none; ${WITH_COLUMNS.join(' and ')} have`);
  }
  if (columns?.includes(into)) throw new UsageError(`--columns ${into}: this is the column of the vectors (--into)`);
  if (format === 'arrow') await loadArrow();
  if (format === 'parquet') await loadParquetWriter();
}
