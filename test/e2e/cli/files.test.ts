/** `ovembed embed` into files of other formats; their readers are tested against Python's in test/unit/vectors. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readArrow, readNpy, readParquet, readSafetensors, type VectorArray } from '../../../lib/vectors/index.js';
import { DIMENSIONS, jsonLines, ROOT, Workplace } from './support.js';

const place = new Workplace();
const TEXTS = Array.from({ length: 40 }, (_, i) => `stone ${i}`);
writeFileSync(place.file('lines.txt'), `${TEXTS.join('\n')}\n`);
const objects = [
  { body: 'the river', id: 'a', page: 7, title: 'straße' },
  { body: 'a garden', id: 12, page: null },
  { body: '', id: null, page: [1] },
];
writeFileSync(place.file('objects.jsonl'), objects.map((object) => `${JSON.stringify(object)}\n`).join(''));

const FORMATS = [
  ['safetensors', readSafetensors],
  ['arrow', readArrow],
  ['parquet', readParquet],
] as const;

const reasons = async (...args: string[]) => {
  const { code, stderr } = await place.run('embed', 'lines.txt', ...args);
  return { code, stderr };
};

describe.each(FORMATS)('.%s', (format, read) => {
  test('holds the vectors of the .npy bit by bit, and whose they are', async () => {
    await place.run('embed', 'lines.txt', '--save-ranges', 'ranges.json');
    for (const dtype of ['float32', 'bfloat16', 'int8', 'binary']) {
      const options = ['lines.txt', '--dtype', dtype, ...(dtype === 'int8' ? ['--ranges', 'ranges.json'] : [])];
      expect((await place.run('embed', ...options, '-o', `x.${dtype}.npy`)).code).toBe(0);
      const summary = await place.run('embed', ...options, '--json', '-o', `x.${dtype}.${format}`);
      const { data } = await readNpy(place.file(`x.${dtype}.npy`));
      const found = await read(place.file(`x.${dtype}.${format}`));
      expect(Array.from<number>(found.data as VectorArray)).toEqual(Array.from<number>(data));
      expect(found).toMatchObject({ length: TEXTS.length, dimensions: DIMENSIONS, dtype });
      const { model, fingerprint } = JSON.parse(summary.stderr);
      expect(found.metadata).toEqual({ model, fingerprint, dtype, dimensions: `${DIMENSIONS}` });
      if ('columns' in found) expect(found.columns).toEqual({ text: TEXTS });
    }
  });

  test('no lines; the rows before an error in the input', async () => {
    expect((await place.feed('', 'embed', '--format', format, '-o', 'none')).code).toBe(0);
    // Arrow has the width in its type, Parquet in its metadata.
    expect(await read(place.file('none'))).toMatchObject({ length: 0, dimensions: DIMENSIONS });
    const input = Buffer.concat([Buffer.from('one\ntwo\n'), Buffer.of(0xff, 10)]);
    expect((await place.feed(input, 'embed', '-o', `begun.${format}`)).code).toBe(3);
    expect(await read(place.file(`begun.${format}`))).toMatchObject({ length: 2 });
  });

  test('is refused on standard output, and where it cannot be written', async () => {
    expect(await reasons('--format', format)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('name a file with --output'),
    });
    mkdirSync(place.file(`taken.${format}`), { recursive: true });
    expect(await reasons('-o', `taken.${format}`)).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/taken\.\w+: cannot be written: /),
    });
    expect(readdirSync(place.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe.each(FORMATS.slice(1))('columns of .%s', (format, read) => {
  const columnsOf = async (...args: string[]) => {
    const { code, stderr } = await place.run('embed', 'objects.jsonl', '--field', 'body', ...args, '-o', `o.${format}`);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return (await read(place.file(`o.${format}`), args.includes('--into') ? { column: 'vector' } : {})) as Awaited<
      ReturnType<typeof readArrow>
    >;
  };
  const body = objects.map((object) => object.body);

  test('the text, and ids if there are any', async () => {
    expect((await columnsOf()).columns).toEqual({ id: ['a', '12', null], body });
  });

  test('the fields that are named, with other values than strings as JSON', async () => {
    const { columns, dimensions } = await columnsOf('--columns', 'title,page', '--into', 'vector');
    expect(columns).toEqual({ title: ['straße', null, null], page: ['7', null, '[1]'], body });
    expect(dimensions).toBe(DIMENSIONS);
  });

  test('a number that JSON.parse has rounded is refused', async () => {
    const input = '{"id":1,"text":"one"}\n{"id":12345678901234567890,"text":"two"}\n';
    const args = ['embed', '--input-format', 'jsonl', '-o', `large.${format}`];
    const { code, stderr } = await place.feed(input, ...args);
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/:2: the field "id" is too large/),
    });
    expect(await read(place.file(`large.${format}`))).toMatchObject({ length: 1 });
  });
});

test.each([
  [['--columns', 'id', '-o', 'x.npy'], /--columns: a file of the format npy has none/],
  [['--columns', 'id,embedding', '-o', 'x.arrow'], /the column of the vectors/],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await reasons(...args);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
});

test.each([
  ['arrow', 'apache-arrow'],
  ['parquet', 'hyparquet hyparquet-writer'],
])('without the packages for .%s: what to install, before a model is looked for', async (format, packages) => {
  const without = new Workplace();
  without.env.NODE_OPTIONS = `--import=${pathToFileURL(join(ROOT, 'test/no-peers.mjs'))}`;
  const { code, stderr } = await without.feed('one\n', 'embed', '--model', 'none', '-o', `x.${format}`);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(`npm install ${packages}.`) });
  expect(existsSync(without.file(`x.${format}`))).toBe(false);
  const { stdout } = await without.feed('one\n', 'embed');
  expect(jsonLines(stdout)).toHaveLength(1);
});
