/** `ovembed map`: vectors as points of a page that people look at. */
import { basename, resolve } from 'node:path';
import { fieldOf } from '../../map/fields.js';
import { renderPage } from '../../map/page.js';
import { type Projection, projectVectors } from '../../map/projection.js';
import { seededRandom } from '../../map/random.js';
import { rowsOf, sampleOf } from '../../map/sample.js';
import { toBase64 } from '../../vectors/base64.js';
import type { Vectors } from '../../vectors/dtype.js';
import { replaceFile, writeAll } from '../../vectors/files/files.js';
import { EXIT } from '../exit-codes.js';
import { InputError, OutputError, systemReason, UsageError } from '../failures.js';
import { counted, duration, grouped, megabytes } from '../figures.js';
import type { MapFlags } from '../flags.js';
import { readTables, type VectorTable } from '../input/vectors.js';
import { StdoutTarget } from '../output/targets.js';
import { note } from '../stderr.js';

const MOST_FIELDS = 8;

/** @returns the exit code */
export async function map(paths: readonly string[], flags: MapFlags): Promise<number> {
  const started = performance.now();
  // `vectors.*` matches the page of an earlier run.
  const inputs = paths.filter((path) => resolve(path) !== resolve(flags.output));
  const all = await readTables(inputs, flags);
  checkFinite(all.vectors);
  const table = sampled(all, flags);
  const { length, dimensions } = table.vectors;
  note(`${counted(length, 'vector')} of ${dimensions} dimensions`, flags);
  const projection = await projectVectors(table.vectors, {
    projection: flags.projection,
    seed: flags.seed,
    onProgress: quarters((percent) => note(`UMAP: ${percent} %`, flags)),
  });
  const fields = fieldsOf(table, flags);
  const page = await renderPage({
    title: flags.title ?? basename(inputs[0] as string),
    note: noteOf(table, all.vectors.length, projection),
    length,
    points: toBase64(projection.points),
    texts: textsOf(table, flags),
    fields,
    colour: colourOf(fields, flags),
  });
  const bytes = await write(flags.output, page);
  const seconds = (performance.now() - started) / 1000;
  await report({ points: length, projection: projection.projection, bytes, seconds }, flags);
  return EXIT.ok;
}

function checkFinite({ data, dimensions }: Vectors<'float32'>): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`vector ${Math.floor(bad / dimensions)} has elements that are no finite numbers`);
}

/** At most `--limit` rows, drawn at random, in their order. */
function sampled(table: VectorTable, { limit, seed }: MapFlags): VectorTable {
  const { length } = table.vectors;
  if (length <= limit) return table;
  const rows = sampleOf(length, limit, seededRandom(seed));
  const columns = Object.entries(table.columns).map(([name, values]) => [name, Array.from(rows, (row) => values[row])]);
  return { vectors: rowsOf(table.vectors, rows), columns: Object.fromEntries(columns) };
}

function fieldsOf({ columns }: VectorTable, { field, fields, color }: MapFlags) {
  const { [field]: _, ...others } = flattened(columns);
  const wanted =
    fields ?? [...new Set([...(color === undefined ? [] : [color]), ...Object.keys(others)])].slice(0, MOST_FIELDS);
  return wanted.map((name) => {
    const values = others[name];
    if (values) return fieldOf(name, values);
    const there = Object.keys(others).slice(0, 20).join(', ') || 'none';
    throw new UsageError(`there is no field ${JSON.stringify(name)} (--fields, --color); there are ${there}`);
  });
}

/** Objects, such as metadata, become a column for each of their own fields: `metadata.language`. */
function flattened(columns: VectorTable['columns']): Record<string, unknown[]> {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(columns).flatMap(([name, values]): [string, unknown[]][] => {
    if (!values.some(isObject) || !values.every((value) => value == null || isObject(value))) return [[name, values]];
    const objects = values as (Record<string, unknown> | null | undefined)[];
    const keys = new Set(objects.flatMap((value) => Object.keys(value ?? {})));
    return [...keys].map((key) => [`${name}.${key}`, objects.map((value) => value?.[key])]);
  });
  return Object.fromEntries(entries);
}

function colourOf(fields: ReturnType<typeof fieldsOf>, { color }: MapFlags): string | null {
  if (color !== undefined) {
    const kind = fields.find(({ name }) => name === color)?.kind;
    if (kind === 'category' || kind === 'number') return color;
    throw new UsageError(`--color ${color}: nearly every vector has another text there, which are too many colours`);
  }
  const first = fields.find(({ kind }) => kind === 'category') ?? fields.find(({ kind }) => kind === 'number');
  return first?.name ?? null;
}

function textsOf({ vectors, columns }: VectorTable, { field, textLength }: MapFlags): string[] {
  const texts = columns[field] ?? [];
  return Array.from({ length: vectors.length }, (_, row) => {
    const text = String(texts[row] ?? '');
    return text.length > textLength ? `${text.slice(0, textLength).toWellFormed()}…` : text;
  });
}

const NAMES = { umap: 'UMAP', pca: 'PCA' };

function noteOf({ vectors }: VectorTable, found: number, { projection }: Projection): string {
  const { length, dimensions } = vectors;
  const sample = found > length ? `, a sample of ${grouped(found)}` : '';
  return `${counted(length, 'vector')}${sample} of ${dimensions} dimensions, placed by ${NAMES[projection]}`;
}

async function write(file: string, page: readonly string[]): Promise<number> {
  let position = 0;
  try {
    await replaceFile(file, async (handle) => {
      for (const piece of blocks(page)) {
        const bytes = Buffer.from(piece);
        await writeAll(handle, bytes, position);
        position += bytes.length;
      }
    });
  } catch (error) {
    throw new OutputError(`${file}: cannot be written: ${systemReason(error)}`, { cause: error });
  }
  return position;
}

const BLOCK = 1 << 20;

/** Pieces of some size: a write for each text would take as long as all the rest. */
function* blocks(pieces: readonly string[]): Iterable<string> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    yield block;
    block = '';
  }
  yield block;
}

function quarters(show: (percent: number) => void): (done: number) => void {
  let next = 25;
  return (done) => {
    if (done * 100 < next) return;
    show(next);
    next += 25;
  };
}

interface Summary {
  points: number;
  projection: 'umap' | 'pca';
  bytes: number;
  seconds: number;
}

async function report(summary: Summary, flags: MapFlags): Promise<void> {
  const { points, projection, bytes, seconds } = summary;
  const output = { output: flags.output, ...summary };
  if (flags.json) await new StdoutTarget().append(Buffer.from(`${JSON.stringify(output)}\n`));
  const size = `${counted(points, 'point')} by ${NAMES[projection]}, ${megabytes(bytes)}, in ${duration(seconds)}`;
  note(`${flags.output}: ${size}`, flags);
}
