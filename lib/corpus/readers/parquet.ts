/** Parquet: a document in each row. Needs the package hyparquet. A row group is in memory at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import { loadParquetReader } from '../../vectors/files/packages.js';
import { fileBuffer } from '../../vectors/files/parquet-buffer.js';
import { attempt, type FileRecord } from './jsonl.js';
import { problemAt, readProblem } from './problem.js';
import { documentOf, type RecordFields } from './records.js';

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no Parquet file, also without hyparquet; errors of the system */
export async function* readParquetRows(
  path: string,
  fields: RecordFields,
): AsyncGenerator<FileRecord, void, undefined> {
  const handle = await open(path);
  try {
    yield* readGroups(handle, path, fields);
  } finally {
    await handle.close();
  }
}

async function* readGroups(handle: FileHandle, path: string, fields: RecordFields): AsyncGenerator<FileRecord> {
  const { parquetMetadataAsync, parquetReadObjects } = await loadParquetReader();
  const { size } = await handle.stat();
  const file = fileBuffer(handle, size, path);
  const noParquet = (cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code) throw readProblem(path, cause);
    const problem = `expected a Parquet file, uncompressed or with Snappy (${(cause as Error).message}).`;
    throw problemAt(path, problem, cause);
  };
  const metadata = await parquetMetadataAsync(file).catch(noParquet);
  let row = 0;
  for (const group of metadata.row_groups) {
    const range = { rowStart: row, rowEnd: row + Number(group.num_rows) };
    for (const record of await parquetReadObjects({ file, metadata, ...range }).catch(noParquet)) {
      row++;
      const place = `${path}#${row}`;
      const end = Math.floor((size * row) / Number(metadata.num_rows));
      yield { place, end, document: attempt(() => documentOf(asJson(record), place, fields)) };
    }
  }
}

/** Values of Parquet that JSON does not have: large integers, times, bytes. */
function asJson(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? asJson(value as Record<string, unknown>) : value;
}
