import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import type { CorpusDocument, ReadItem } from '../../../lib/corpus/document.js';
import { findFiles } from '../../../lib/corpus/readers/find-files.js';
import { IterableReader } from '../../../lib/corpus/readers/iterable.js';
import { itemsOf, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** What there is to compare, without the folder. */
function shown(items: readonly ReadItem[]): unknown[] {
  const strip = (text: string) => text.replaceAll(`${folder}/`, '');
  return items.map((item) => {
    const id = strip(item.id);
    if (item.kind === 'document')
      return [id, item.document.text, ...(item.document.metadata ? [item.document.metadata] : [])];
    return item.kind === 'failed' ? [id, 'failed', strip(item.error.message)] : [id, item.reason];
  });
}

describe('files', () => {
  mkdirSync(at('tree/sub/node_modules/x'), { recursive: true });
  mkdirSync(at('tree/.hidden'));
  const tree = {
    'tree/b.md': '# B',
    'tree/a.txt': 'A',
    'tree/sub/c.html': '<p>',
    'tree/sub/Z.py': 'z',
    'tree/.hidden/x.txt': 'no',
  };
  writeFiles(folder, { ...tree, 'tree/sub/node_modules/x/y.js': 'no', 'tree/[1].txt': 'brackets' });
  symlinkSync(at('tree/sub'), at('tree/link'));

  const ids = async (...names: string[]) =>
    (await findFiles(names.map(at))).map(({ path }) => path.slice(folder.length + 1));

  test('of a folder: all below it in the order of their paths, but what is hidden, linked folders and node_modules', async () => {
    const all = ['tree/[1].txt', 'tree/a.txt', 'tree/b.md', 'tree/sub/Z.py', 'tree/sub/c.html'];
    expect(await ids('tree')).toEqual(all);
    expect(await ids('tree/')).toEqual(all);
  });

  test('of patterns and names, each once, in the order of the names', async () => {
    expect(await ids('tree/sub', 'tree/*.txt', 'tree/a.txt')).toEqual([
      'tree/sub/Z.py',
      'tree/sub/c.html',
      'tree/[1].txt',
      'tree/a.txt',
    ]);
    expect(await ids('tree/[1].txt')).toEqual(['tree/[1].txt']);
    await expect(ids('tree/*.pdf')).rejects.toThrow('no file matches it');
  });

  test('without those that are written to', async () => {
    const found = await findFiles([at('tree')], [at('tree/sub'), at('tree/a.txt')]);
    expect(found.map(({ path }) => path.slice(folder.length + 1))).toEqual(['tree/[1].txt', 'tree/b.md']);
  });

  test('say what they are written in by their extension', async () => {
    const items = await itemsOf(at('tree'));
    const manners = items.map((item) => item.kind === 'document' && item.manner);
    const text = { format: 'text' };
    expect(manners).toEqual([
      text,
      text,
      { format: 'markdown' },
      { format: 'code', language: 'python' },
      { format: 'html' },
    ]);
    expect(items.map(({ end }) => end)).toEqual([8, 9, 12, 13, 16]);
  });

  test('are UTF-8, or UTF-16 with a byte order mark; others are told', async () => {
    const utf16 = Buffer.from('\ufeffgrün', 'utf16le');
    writeFiles(folder, {
      '1-mark.txt': '\ufeffgrün',
      '2-little.txt': utf16,
      '3-big.txt': Buffer.from(utf16).swap16(),
      '4-latin.txt': Buffer.from('gr\xfcn', 'latin1'),
      '5-zero.bin': 'a\0b',
      '6-jpeg.jpg': Buffer.from('\xff\xd8\xff\xe0\x01\x02', 'latin1'),
      '7-half.txt': Buffer.from('\xff\xfea\0\0\xd8', 'latin1'),
      '8-empty.txt': '',
    });
    expect(shown(await itemsOf(at('[1-8]-*')))).toEqual([
      ['1-mark.txt', 'grün'],
      ['2-little.txt', 'grün'],
      ['3-big.txt', 'grün'],
      ['4-latin.txt', 'failed', '4-latin.txt: not valid UTF-8: convert it to UTF-8 first.'],
      ['5-zero.bin', 'binary'],
      ['6-jpeg.jpg', 'binary'],
      ['7-half.txt', 'failed', '7-half.txt: not valid UTF-16LE: convert it to UTF-8 first.'],
      ['8-empty.txt', ''],
    ]);
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read are told', async () => {
    writeFiles(folder, { 'secret.txt': 'x' });
    chmodSync(at('secret.txt'), 0);
    expect(shown(await itemsOf(at('secret.txt')))).toEqual([
      ['secret.txt', 'failed', expect.stringContaining('cannot be read')],
    ]);
  });
});

describe('records', () => {
  test('JSON Lines', async () => {
    const lines = [
      '{"id":7,"text":"a","n":1}',
      '',
      '{"text":"b"}',
      '{',
      '[]',
      '{"body":"c"}',
      '{"text":3}',
      '{"id":"x","text":"d"}',
    ];
    writeFiles(folder, { 'r.jsonl': lines.join('\r\n') });
    expect(shown(await itemsOf(at('r.jsonl')))).toEqual([
      ['7', 'a', { n: 1 }],
      ['r.jsonl:3', 'b', {}],
      ['r.jsonl:4', 'failed', expect.stringContaining('r.jsonl:4: not valid JSON')],
      ['r.jsonl:5', 'failed', 'r.jsonl:5: expected a JSON object, found an array of 0.'],
      ['r.jsonl:6', 'failed', 'r.jsonl:6: there is no field "text" (option field); there are "body".'],
      ['r.jsonl:7', 'failed', 'r.jsonl:7: expected a string in the field "text", found 3.'],
      ['x', 'd', {}],
    ]);
    writeFiles(folder, { 'bad.jsonl': Buffer.from('{"text":"\xff"}\n{"text":"ok"}', 'latin1') });
    expect(shown(await itemsOf(at('bad.jsonl')))).toEqual([
      ['bad.jsonl:1', 'failed', 'bad.jsonl:1: not valid UTF-8.'],
      ['bad.jsonl:2', 'ok', {}],
    ]);
  });

  test('fields by their names', async () => {
    writeFiles(folder, { 'named.jsonl': '{"sku":"s1","body":"a","text":"kept"}\n{"body":"b"}' });
    expect(shown(await itemsOf(at('named.jsonl'), { field: 'body', id: 'sku' }))).toEqual([
      ['s1', 'a', { text: 'kept' }],
      [
        'named.jsonl:2',
        'failed',
        expect.stringContaining('expected a string or a number in the field "sku" (option id)'),
      ],
    ]);
  });

  test('CSV, with quotes, line feeds in them, and rows that are not like the others', async () => {
    writeFiles(folder, { 'r.csv': '\ufeffid,text,tag\n1,"a ""b"",\nc",x\n2,too,many,columns\n3,few\n\n4,d,y\n' });
    expect(shown(await itemsOf(at('r.csv')))).toEqual([
      ['1', 'a "b",\nc', { tag: 'x' }],
      ['r.csv:4', 'failed', expect.stringContaining('r.csv:4: not a row like the others')],
      ['r.csv:5', 'failed', expect.stringContaining('r.csv:5: not a row like the others')],
      ['4', 'd', { tag: 'y' }],
    ]);
    writeFiles(folder, { 'bad.csv': Buffer.from('id,text\n1,ok\n2,\xff\n', 'latin1') });
    expect(shown(await itemsOf(at('bad.csv'))).at(-1)).toEqual([
      'bad.csv',
      'failed',
      'bad.csv: not valid UTF-8: convert it first.',
    ]);
  });

  test('CSV of many rows, in order, and left early', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i},text ${i}`);
    writeFiles(folder, { 'many.csv': `id,text\n${rows.join('\n')}` });
    const items = await itemsOf(at('many.csv'));
    expect(items.map(({ id }) => id)).toEqual(rows.map((_, i) => `${i}`));
    expect(items.at(-1)?.end).toBeGreaterThan(200_000);
  });

  test('TSV', async () => {
    writeFiles(folder, { 'r.tsv': 'text\tid\nsays "hi"\t5\n' });
    expect(shown(await itemsOf(at('r.tsv')))).toEqual([['5', 'says "hi"', {}]]);
  });

  test('Parquet, row group by row group', async () => {
    const columnData = [
      { name: 'id', data: ['a', 'b', 'c'], type: 'STRING' as const },
      { name: 'text', data: ['one', null, 'three'], type: 'STRING' as const, nullable: true },
      { name: 'big', data: [1n, 2n ** 60n, 3n], type: 'INT64' as const },
    ];
    await parquetWriteFile({ filename: at('r.parquet'), columnData, rowGroupSize: 2 });
    expect(shown(await itemsOf(at('r.parquet')))).toEqual([
      ['a', 'one', { big: 1 }],
      ['r.parquet#2', 'failed', 'r.parquet#2: expected a string in the field "text", found null.'],
      ['c', 'three', { big: 3 }],
    ]);
    writeFiles(folder, { 'no.parquet': 'no Parquet at all' });
    expect(shown(await itemsOf(at('no.parquet')))).toEqual([
      ['no.parquet', 'failed', expect.stringContaining('expected a Parquet file')],
    ]);
  });
});

describe('iterables', () => {
  const read = async (
    source: Iterable<CorpusDocument> | AsyncIterable<CorpusDocument>,
    stop = new AbortController().signal,
  ) => {
    const items: ReadItem[] = [];
    for await (const item of new IterableReader(source).items(stop)) items.push(item);
    return items;
  };

  test('give documents; what is none is told', async () => {
    const source = [
      { id: 'a', text: 'A' },
      { id: '', text: 'B' },
      { id: 'c' },
      null,
      { id: 'd', text: 'D', metadata: 1 },
    ];
    expect(shown(await read(source as CorpusDocument[])).map((item) => (item as unknown[]).slice(0, 2))).toEqual([
      ['a', 'A'],
      ...[1, 2, 3, 4].map((i) => [`document ${i}`, 'failed']),
    ]);
  });

  test('what they throw is thrown', async () => {
    async function* source() {
      yield { id: 'a', text: 'A' };
      throw new Error('the database is gone');
    }
    await expect(read(source())).rejects.toThrow('the database is gone');
  });

  test('are not waited for once they are to stop, and are closed', async () => {
    const controller = new AbortController();
    let closed = false;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          closed = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    setTimeout(() => controller.abort(), 10);
    expect(await read(source, controller.signal)).toEqual([]);
    expect(closed).toBe(true);
  });
});
