/**
 * node examples/search.mjs: embeds the sentences of the documents beside this file, then finds those closest to each line of
 * queries.txt twice: exactly, in float32, and in two steps, among bits first and in int8 among what was found there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Embedder } from 'ovembed';
import { FlatIndex, quantize, Ranges, searchTwoStep } from 'ovembed/vectors';

const K = 10;
const folder = join(import.meta.dirname, 'documents');
const sentences = readdirSync(folder)
  .sort()
  .flatMap((name) => sentencesOf(readFileSync(join(folder, name), 'utf8')));
const queries = readFileSync(join(import.meta.dirname, 'queries.txt'), 'utf8')
  .trimEnd()
  .split('\n');

const embedder = await Embedder.load();
const documents = await embedder.embedDocuments(sentences);
const asked = await embedder.embed(queries, { inputType: 'query' });
await embedder.close();

const { dimensions } = documents;
const ranges = await Ranges.of(documents);
const exact = new FlatIndex({ dimensions });
const bits = new FlatIndex({ dimensions, dtype: 'ubinary' });
const codes = new FlatIndex({ dimensions, dtype: 'int8', ranges });
await exact.add(documents);
await bits.add(await quantize(documents, 'ubinary'));
await codes.add(await quantize(documents, 'int8', { ranges }));

const best = await exact.search(asked, { k: K });
console.log(`${sentences.length} sentences, ${queries.length} queries, the best ${K} of each\n`);
for (const rescoreMultiplier of [1, 2, 4, 8]) {
  const found = await searchTwoStep(bits, codes, asked, { k: K, rescoreMultiplier });
  console.log(
    `rescoreMultiplier ${rescoreMultiplier}: ${(100 * recall(found, best)).toFixed(1)} % of what the exact search finds`,
  );
}

const found = await searchTwoStep(bits, codes, asked, { k: K });
queries.forEach((query, q) => {
  console.log(`\n“${query}”`);
  for (let i = q * K; i < q * K + 3; i++) {
    console.log(`  ${found.scores[i].toFixed(3)}  ${sentences[found.indices[i]]}`);
  }
});

/** Share of the rows of `expected` that are in `actual`, query by query. */
function recall(actual, expected) {
  let hits = 0;
  for (let q = 0; q < expected.indices.length; q += K) {
    const rows = new Set(actual.indices.subarray(q, q + K));
    for (const row of expected.indices.subarray(q, q + K)) hits += rows.has(row) ? 1 : 0;
  }
  return hits / expected.indices.length;
}

function sentencesOf(text) {
  const segments = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(
    text.replace(/^#.*\n/, '').replace(/\s+/g, ' '),
  );
  return Array.from(segments, ({ segment }) => segment.trim()).filter((sentence) => sentence.length > 20);
}
