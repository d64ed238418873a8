/** Files of vectors: as Python writes them, there and back, and broken ones. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { arrayOf, elementsPerRow } from '../../../lib/vectors/dtype.js';
import {
  type ColumnFile,
  DTYPES,
  type Dtype,
  readArrow,
  readNpy,
  readParquet,
  readSafetensors,
  type VectorArray,
  type Vectors,
  writeArrow,
  writeNpy,
  writeParquet,
  writeSafetensors,
} from '../../../lib/vectors/index.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures/vectors');
const fixture = (name: string) => join(FIXTURES, name);
/** By element type, as scripts/oracle/make_vector_files.py made them. */
const ELEMENTS: Record<Dtype, number[]> = JSON.parse(readFileSync(fixture('elements.json'), 'utf8'));
const ROWS = 5;
const DIMENSIONS = 16;
const TEXTS = ['straße', null, '', '三', 'e'];

const kept = process.env.VECTOR_FILES;
const folder = kept ?? mkdtempSync(join(tmpdir(), 'ovembed-vectors-'));
mkdirSync(folder, { recursive: true });
afterAll(() => {
  if (!kept) rmSync(folder, { recursive: true, force: true });
});
const place = (name: string) => join(folder, name);

function expected<D extends Dtype>(dtype: D): Vectors<D> {
  const data = arrayOf(dtype, ELEMENTS[dtype].length);
  data.set(ELEMENTS[dtype]);
  return { data, length: ROWS, dimensions: DIMENSIONS, dtype };
}

/** Element by element, so that a view is equal to an array of its own and 0 is not -0. */
const shape = ({ data, length, dimensions, dtype }: Vectors) => ({
  ...{ data: Array.from(data as ArrayLike<number>), kind: data.constructor.name },
  ...{ length, dimensions, dtype },
});
const same = (found: Vectors, wanted: Vectors) => expect(shape(found)).toEqual(shape(wanted));
const refused = (work: Promise<unknown>, message: RegExp) =>
  expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) });

const FORMATS = [
  ['npy', writeNpy, readNpy],
  ['safetensors', writeSafetensors, readSafetensors],
  ['arrow', writeArrow, readArrow],
  ['parquet', writeParquet, readParquet],
] as const;

describe('as Python writes them', () => {
  test.each(['float32', 'float16', 'bfloat16', 'int8', 'uint8'] as const)('%s.npy', async (dtype) => {
    same(await readNpy(fixture(`${dtype}.npy`)), expected(dtype));
    await writeNpy(place('same.npy'), expected(dtype));
    expect(readFileSync(place('same.npy'))).toEqual(readFileSync(fixture(`${dtype}.npy`)));
  });

  test('.npy of other versions, big-endian, without rows', async () => {
    for (const name of ['version-2', 'version-3', 'big-endian']) {
      same(await readNpy(fixture(`${name}.npy`)), expected('float32'));
    }
    same(await readNpy(fixture('big-endian-half.npy')), expected('float16'));
    expect(await readNpy(fixture('empty.npy'))).toMatchObject({ length: 0, dimensions: DIMENSIONS });
  });

  test.each(DTYPES)('%s in a safetensors file', async (dtype) => {
    const read = await readSafetensors(fixture('all.safetensors'), { name: dtype, dtype });
    same(read, expected(dtype));
    expect(read.metadata).toEqual({ model: 'none' });
  });

  test('the only tensor of a safetensors file', async () => {
    same(await readSafetensors(fixture('one.safetensors')), expected('float32'));
  });

  test.each([
    ['fixed', 'float32'],
    ['list', 'float32'],
    ['half', 'float16'],
    ['int8', 'int8'],
    ['uint8', 'uint8'],
  ] as const)('%s lists in Arrow and Parquet', async (name, dtype) => {
    for (const read of [await readArrow(fixture(`${name}.arrow`)), await readParquet(fixture(`${name}.parquet`))]) {
      same(read, expected(dtype));
      expect(read.columns).toEqual({
        ...{ id: ['id 0', 'id 1', 'id 2', 'id 3', 'id 4'], text: nullAs(read, TEXTS), count: [0, 1, 2, 3, 4] },
      });
    }
  });
});

/** Parquet's reader has undefined or null for what is not there. */
const nullAs = (_: ColumnFile, texts: readonly (string | null)[]) => texts;

describe.each(FORMATS)('.%s', (format, write, read) => {
  test.each(DTYPES)('%s there and back', async (dtype) => {
    const file = place(`${dtype}.${format}`);
    const options = format === 'npy' ? {} : { metadata: { model: 'none' } };
    const columns = format === 'arrow' || format === 'parquet' ? { columns: { text: TEXTS } } : {};
    expect(await write(file, expected(dtype), { ...options, ...columns })).toBe(ROWS);
    const found = await read(file, format === 'npy' ? { dtype } : {});
    same(found, expected(dtype));
    if ('metadata' in found) expect(found.metadata).toEqual({ model: 'none', dtype, dimensions: '16' });
    if ('columns' in found) expect(found.columns).toEqual({ text: TEXTS });
  });

  test('rows as they come, over several pieces', async () => {
    const dimensions = 4_096;
    const rows = 1_100;
    async function* source() {
      for (let i = 0; i < rows; i++) yield { embedding: new Float32Array(dimensions).fill(i), text: `${i}` };
    }
    const columns = format === 'arrow' || format === 'parquet' ? { columns: ['text'] } : {};
    const file = place(`rows.${format}`);
    expect(await write(file, source(), columns)).toBe(rows);
    const found = await read(file);
    expect(found).toMatchObject({ length: rows, dimensions, dtype: 'float32' });
    expect(found.data.every((value, i) => value === Math.floor(i / dimensions))).toBe(true);
    if ('columns' in found)
      expect((found as { columns: { text: string[] } }).columns.text).toEqual(
        Array.from({ length: rows }, (_, i) => `${i}`),
      );
    rmSync(file);
  });

  test('no rows', async () => {
    const file = place(`none.${format}`);
    expect(await write(file, [], { dimensions: 20, dtype: 'ubinary' })).toBe(0);
    expect(await read(file, { dtype: 'ubinary', dimensions: 20 })).toMatchObject({ length: 0, dimensions: 20 });
    await refused(write(file, []), /dimensions/);
  });

  test('a source that fails or does not fit leaves the older file, and nothing else', async () => {
    const file = place(`older.${format}`);
    writeFileSync(file, 'older');
    async function* failing() {
      yield { embedding: new Float32Array(4) };
      throw new Error('source');
    }
    await expect(write(file, failing())).rejects.toThrow('source');
    const uneven = [{ embedding: new Float32Array(4) }, { embedding: new Float32Array(5) }];
    await refused(write(file, uneven), /the embedding of row 1, received.*5|row 1/);
    await refused(write(file, [{ embedding: new Int8Array(4) as VectorArray }]), /Float32Array/);
    expect(readFileSync(file, 'utf8')).toBe('older');
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  test('vectors that contradict themselves', async () => {
    const file = place(`false.${format}`);
    const vectors = { data: new Float32Array(3), length: 1.5, dimensions: 2, dtype: 'float32' as const };
    await refused(write(file, vectors), /vectors.length/);
    await refused(write(file, { ...vectors, length: 2 }), /2 × 2 elements/);
    await refused(write(file, { ...vectors, dimensions: 0 }), /vectors.dimensions/);
    await refused(write(file, { ...vectors, dtype: 'float64' as never }), /dtype/);
    expect(existsSync(file)).toBe(false);
  });

  test('bytes in a Buffer, which is a Uint8Array', async () => {
    const file = place(`buffer.${format}`);
    const data = Buffer.from([9, 1, 2, 3, 4, 5, 6]).subarray(1);
    await write(file, { data, length: 3, dimensions: 2, dtype: 'uint8' });
    expect([...(await read(file)).data]).toEqual([1, 2, 3, 4, 5, 6]);
    await write(file, [{ embedding: data }], { dtype: 'uint8' });
    expect([...(await read(file)).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('cut off anywhere: an error', async () => {
    const whole = readFileSync(place(`float32.${format}`));
    const file = place(`cut.${format}`);
    for (let length = 0; length < whole.length; length += 1 + Math.floor(whole.length / 60)) {
      writeFileSync(file, whole.subarray(0, length));
      await refused(read(file), /cut\./);
    }
  });

  // Not of these: apache-arrow 21 and hyparquet read some damaged files for ever, which docs/api.md says.
  test.skipIf(format === 'arrow' || format === 'parquet')(
    'changed anywhere: an error of ours, or vectors of the size the file has',
    async () => {
      const whole = readFileSync(place(`float32.${format}`));
      const file = place(`changed.${format}`);
      const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const bytes = Buffer.from(whole);
          for (const { at, byte } of changes) bytes[at] = byte;
          writeFileSync(file, bytes);
          const found = await read(file).catch((error) => error);
          if (found instanceof Error) {
            expect(found).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
            return;
          }
          expect(found.data.length).toBe(found.length * elementsPerRow(found.dtype, found.dimensions));
          expect(found.data.byteLength).toBeLessThanOrEqual(whole.length);
        }),
        { numRuns: 100 },
      );
    },
  );
});

describe('what is refused', () => {
  test.each([
    ['fortran', /Fortran/],
    ['float64', /<f4.*found <f8/],
    ['one-vector', /matrix/],
  ])('%s.npy', (name, message) => refused(readNpy(fixture(`${name}.npy`)), message));

  test('options that do not fit', async () => {
    await refused(readNpy(fixture('float32.npy'), { dtype: 'int8' }), /expected int8.*found float32/);
    await refused(readNpy(fixture('uint8.npy'), { dtype: 'ubinary', dimensions: 12 }), /dimensions/);
    await refused(readSafetensors(fixture('all.safetensors')), /"embeddings".*"float32"/);
    await refused(readArrow(fixture('fixed.arrow'), { column: 'vector' }), /"vector".*embedding/);
    await refused(readParquet(fixture('fixed.parquet'), { columns: ['nothing'] }), /"nothing"/);
  });

  test.each(['double', 'ragged', 'nulls', 'null-elements', 'zstd'])('%s lists', async (name) => {
    await refused(readArrow(fixture(`${name}.arrow`)), /expected/);
    await refused(readParquet(fixture(`${name}.parquet`)), /expected/);
  });

  test('tensors of other types', () => refused(readSafetensors(fixture('float64.safetensors')), /F32.*F64/));

  test.each([
    ['an overlap', { a: tensor([0, 4]), b: tensor([2, 6]) }, /"b" at byte 4/],
    ['a gap', { a: tensor([0, 4]), b: tensor([6, 10]) }, /"b" at byte 4/],
    ['bytes too many', { a: tensor([0, 4]) }, /expected 4 bytes of tensors/],
    ['a size that is not the shape', { a: { ...tensor([0, 8]), dtype: 'U8' } }, /expected 4 bytes/],
    ['offsets backwards', { a: { ...tensor([8, 4]) } }, /expected 4 bytes/],
    ['no tensors', {}, /bytes of tensors/],
    ['metadata that are no strings', { __metadata__: { a: 1 }, a: tensor([0, 10]) }, /expected/],
  ])('safetensors with %s', async (_, header, message) => {
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(place('layout.safetensors'), Buffer.concat([length, json, Buffer.alloc(10)]));
    await refused(readSafetensors(place('layout.safetensors')), message);
  });
});

function tensor(offsets: [number, number]) {
  return { dtype: 'U8', shape: [1, 4], data_offsets: offsets };
}
