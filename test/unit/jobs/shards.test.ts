/** Shards of a corpus, read one after the other, are the corpus. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generator } from '../../../bench/corpus.mjs';
import type { ReadItem } from '../../../lib/corpus/document.js';
import { bytesOf, FilesReader } from '../../../lib/corpus/readers/files.js';
import { findFiles } from '../../../lib/corpus/readers/find-files.js';
import { MAX_LINE_BYTES } from '../../../lib/corpus/readers/lines.js';
import { type Shard, splitFiles } from '../../../lib/jobs/shards.js';
import { writeParquet } from '../../../lib/vectors/index.js';
import { itemsOf, temporaryFolder, writeFiles } from '../corpus/support.js';
import { listOf } from './support.js';

const folder = temporaryFolder();

async function shardsOf(shardBytes: number): Promise<Shard[]> {
  return listOf(splitFiles(await findFiles([folder]), shardBytes));
}

async function itemsIn(shards: readonly Shard[]): Promise<ReadItem[]> {
  const items: ReadItem[] = [];
  for (const { pieces } of shards) {
    for await (const item of new FilesReader(pieces, {}).items(new AbortController().signal)) items.push(item);
  }
  return items;
}

/** All but how far it is, which is counted from the beginning of a shard. */
const described = (items: readonly ReadItem[]) =>
  items.map(({ end, ...item }) => (item.kind === 'failed' ? { ...item, error: item.error.message } : item));

async function makeCorpus(): Promise<void> {
  const random = generator(5);
  const lines = Array.from({ length: 200 }, (_, i) => {
    const text = JSON.stringify({ text: 'ä'.repeat(random() * 60), n: i });
    return ['', '{', text, text, text, text][Math.floor(random() * 6)];
  });
  const rows = Array.from({ length: 200 }, (_, i) => (i % 17 === 3 ? 'too,many,fields' : `"row\n${i}",${i}`));
  writeFiles(folder, {
    'a.txt': 'one',
    'b.jsonl': lines.join('\r\n'),
    'c.csv': `text,n\n${rows.join('\n')}\n`,
    'd.tsv': 'text\tn\n',
    'e.jsonl': '',
    'f.jsonl': `{"text":"first"}\n{"text":"${'x'.repeat(MAX_LINE_BYTES)}"}\n{"text":"never read"}\n`,
    'g.csv': Buffer.from('text\nfine\ncaf\xe9\n', 'latin1'),
    'h.md': '# large\n'.repeat(500),
    'i.txt': 'last\n\n',
    'j.jsonl': '{"text":"with empty lines"}\n\n\n\n',
  });
  async function* vectors() {
    for (let i = 0; i < 50; i++) yield { text: `row ${i}`, embedding: Float32Array.of(i) };
  }
  await writeParquet(join(folder, 'k.parquet'), vectors(), { dimensions: 1, columns: ['text'] });
}

test('have its documents, failures and places, in its order, whatever their size', async () => {
  await makeCorpus();
  const whole = described(await itemsOf(folder));
  expect(whole.length).toBeGreaterThan(350);
  const total = (await findFiles([folder])).reduce((sum, { bytes }) => sum + bytes, 0);
  for (const shardBytes of [1, 999, 5_000, 1e9]) {
    const shards = await shardsOf(shardBytes);
    expect(described(await itemsIn(shards))).toEqual(whole);
    expect(shards).toEqual(await shardsOf(shardBytes));
    expect(shards.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total - statSync(join(folder, 'd.tsv')).size);
    for (const { pieces, bytes } of shards) expect(bytes).toBe(pieces.reduce((sum, piece) => sum + bytesOf(piece), 0));
  }
  expect(await shardsOf(1e9)).toHaveLength(1);
  const large = (await shardsOf(5_000)).filter(({ bytes }) => bytes > 5_000);
  // The rest of the file behind a line that is too long, which nobody reads.
  expect(large).toHaveLength(1);
  expect(large[0]?.pieces.at(-1)?.path).toMatch(/f\.jsonl$/);
});
