/** `ovembed embed`: formats, fields, order, standard input and output. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { DIMENSIONS, jsonLines, readNpy, Workplace } from './support.js';

const place = new Workplace();
const write = (name: string, content: string | Uint8Array) => writeFileSync(place.file(name), content);

interface Row {
  text: string;
  embedding: number[];
}

/** More texts than a window of the stream holds, of all lengths, so that windows and batches mix. */
const TEXTS = Array.from({ length: 1_300 }, (_, i) => 'river stone garden winter '.repeat((i * 7) % 13) + i);

describe('plain text', () => {
  test('a vector for every line, in order, equal to those of the library', async () => {
    write('many.txt', `${TEXTS.join('\n')}\n`);
    const { code, stdout } = await place.run('embed', 'many.txt');
    expect(code).toBe(0);
    const rows = jsonLines<Row>(stdout);
    expect(rows.map(({ text }) => text)).toEqual(TEXTS);

    const embedder = await Embedder.load(place.file('model'), { cacheDir: place.file('cache') });
    const { data } = await embedder.embedDocuments(TEXTS);
    await embedder.close();
    expect(Float32Array.from(rows.flatMap(({ embedding }) => embedding))).toEqual(data);
  });

  test('--clean cleans what is embedded, and leaves what is written', async () => {
    write('marked-up.txt', '<p>the&nbsp;  river</p>\nthe river\n');
    const { code, stdout } = await place.run('embed', 'marked-up.txt', '--clean', 'html,nfkc,whitespace');
    expect(code).toBe(0);
    const [cleaned, plain] = jsonLines<Row>(stdout) as [Row, Row];
    expect(cleaned.text).toBe('<p>the&nbsp;  river</p>');
    expect(cleaned.embedding).toEqual(plain.embedding);

    for (const steps of ['htlm', 'nfc,nfkc', '']) {
      expect(await place.run('embed', 'marked-up.txt', '--clean', steps)).toMatchObject({ code: 2 });
    }
  });

  test('LF, CRLF, a byte order mark, empty lines and a last line without an end', async () => {
    write('lines.txt', '\uFEFFfirst\r\n\n  spaces stay  \n\r\nlast');
    const { stdout } = await place.run('embed', 'lines.txt');
    const texts = jsonLines<Row>(stdout).map(({ text }) => text);
    expect(texts).toEqual(['first', '', '  spaces stay  ', '', 'last']);
  });

  test('an empty file has no lines', async () => {
    write('empty.txt', '');
    expect(await place.run('embed', 'empty.txt')).toMatchObject({ code: 0, stdout: '' });
    expect(await place.run('embed', 'empty.txt', '-o', 'empty.npy')).toMatchObject({ code: 0 });
    expect(readNpy(place.file('empty.npy'))).toMatchObject({ rows: 0, columns: DIMENSIONS });
  });
});

describe('JSON Lines', () => {
  test('other fields stay as they are written', async () => {
    const objects = [
      '{"id":12345678901234567890, "body":"the river","x":1.0}',
      '{"body" : "a\\u0000}","nested":{"body":1}}  ',
    ];
    write('objects.jsonl', `${objects.join('\n')}\n`);
    const { code, stdout } = await place.run('embed', 'objects.jsonl', '--field', 'body', '--into', 'vector');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^{"id":12345678901234567890, "body":"the river","x":1\.0,"vector":\[[^\]]+\]}$/);
    expect(lines[1]).toMatch(/^{"body" : "a\\u0000}","nested":{"body":1},"vector":\[[^\]]+\]}$/);
    expect(jsonLines<{ vector: number[] }>(stdout).map(({ vector }) => vector.length)).toEqual([
      DIMENSIONS,
      DIMENSIONS,
    ]);
  });

  test('is known by the extension of each file, or by --input-format', async () => {
    write('a.ndjson', '{"text":"one"}\n');
    write('b.txt', '{"text":"one"}\n');
    const texts = async (...args: string[]) =>
      jsonLines<Row>((await place.run('embed', ...args)).stdout).map((row) => row.text);
    expect(await texts('a.ndjson', 'b.txt')).toEqual(['one', '{"text":"one"}']);
    expect(await texts('a.ndjson', 'b.txt', '--input-format', 'jsonl')).toEqual(['one', 'one']);
  });
});

describe('standard input', () => {
  test.each([[[]], [['-']]])('with the arguments %j', async (args) => {
    const { code, stdout } = await place.feed('one\ntwo\n', 'embed', ...args);
    expect(code).toBe(0);
    expect(jsonLines<Row>(stdout).map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('among files', async () => {
    write('before.txt', 'before\n');
    write('after.txt', 'after\n');
    const { stdout } = await place.feed('between\n', 'embed', 'before.txt', '-', 'after.txt');
    expect(jsonLines<Row>(stdout).map(({ text }) => text)).toEqual(['before', 'between', 'after']);
  });
});

describe('.npy', () => {
  test('holds the vectors of the JSON Lines bit by bit, in a file and on standard output', async () => {
    const input = TEXTS.slice(0, 600).join('\n');
    const rows = jsonLines<Row>((await place.feed(input, 'embed')).stdout);
    await place.feed(input, 'embed', '--output', 'vectors.npy');
    const matrix = readNpy(place.file('vectors.npy'));
    expect(matrix).toMatchObject({ rows: 600, columns: DIMENSIONS, excess: 0 });
    expect(matrix.data).toEqual(Float32Array.from(rows.flatMap(({ embedding }) => embedding)));

    const child = place.start('embed', '--format', 'npy', '--quiet');
    child.stdin.end(input);
    const bytes = Buffer.concat(await child.stdout.toArray());
    expect(readNpy(bytes)).toEqual(matrix);
  });
});

describe('what the model reads', () => {
  test('documents by default, queries on request, and prompts by name', async () => {
    const row = async (...args: string[]) =>
      jsonLines<Row>((await place.feed('stone', 'embed', ...args)).stdout)[0]?.embedding;
    const query = await row('--query');
    expect(await row('--input-type', 'query')).toEqual(query);
    expect(await row('--prompt-name', 'query')).toEqual(query);
    expect(await row('--input-type', 'document')).toEqual(await row());
    expect(await row()).not.toEqual(query);
  });

  test('--dimensions cuts, then normalises', async () => {
    const { stdout } = await place.feed('stone', 'embed', '--dimensions', '8');
    const [row] = jsonLines<Row>(stdout);
    expect(row?.embedding).toHaveLength(8);
    expect(Math.hypot(...(row?.embedding ?? []))).toBeCloseTo(1, 6);
  });
});

describe('messages', () => {
  const long = `short\n${'stone '.repeat(500)}\n`;

  test('a summary with the texts that were cut', async () => {
    const { stderr } = await place.feed(long, 'embed');
    expect(stderr).toMatch(
      /2 texts, \d+ tokens in [\d.]+ s: [\d,]+ texts\/s, [\d,]+ tokens\/s\n1 text cut to 48 tokens\n$/,
    );
  });

  test('as JSON', async () => {
    const { stderr } = await place.feed(long, 'embed', '--json');
    const summary = { texts: 2, truncated: 1, dimensions: DIMENSIONS, device: 'CPU', model: place.file('model') };
    expect(JSON.parse(stderr)).toMatchObject(summary);
  });

  test('none with --quiet', async () => {
    expect((await place.feed(long, 'embed', '--quiet')).stderr).toBe('');
  });
});
