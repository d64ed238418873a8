/**
 * npm run demo: embeds the documents beside this file, then finds the best three of them for each line of queries.txt.
 * It imports 'ovembed' as your own program would.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Embedder } from 'ovembed';

const BEST = 3;
const REPEATS = 20;
const folder = join(import.meta.dirname, 'documents');
const names = readdirSync(folder).sort();
const documents = names.map((name) => readFileSync(join(folder, name), 'utf8'));
const queries = readFileSync(join(import.meta.dirname, 'queries.txt'), 'utf8')
  .trimEnd()
  .split('\n');

console.log('Loading the model; the first time, it is downloaded (90 MB) and its precision is chosen by measuring …\n');
const loadStart = performance.now();
const embedder = await Embedder.load();
const loadSeconds = seconds(loadStart);

const embeddings = await embedder.embedDocuments(documents);

// So few texts are done before a clock says much, so the speed is that of all of them several times over.
const repeated = Array.from({ length: REPEATS }, () => documents).flat();
const start = performance.now();
const { usage } = await embedder.embedDocuments(repeated);
const elapsed = seconds(start);

const { info } = embedder;
const { length, dimensions, dtype } = embeddings;
printRows([
  ['model', `${info.model} (${info.revision ?? 'a folder'})`],
  ['device', `${info.deviceName} (${info.deviceReason})`],
  ['precision', `${info.precision} (${info.precisionReason})`],
  ['loaded in', `${loadSeconds.toFixed(2)} s`],
  ['vectors', `${length} × ${dimensions}, ${dtype}, in one array of ${embeddings.data.length} numbers`],
  [
    'speed',
    `${perSecond(repeated.length)} texts/s, ${perSecond(usage.tokens)} tokens/s (each document ${REPEATS} times)`,
  ],
]);

for (const query of queries) {
  const vector = await embedder.embedQuery(query);
  console.log(`\n“${query}”`);
  for (const { score, row } of bestMatches(vector, embeddings)) {
    console.log(`  ${score.toFixed(3)}  ${names[row].padEnd(22)}${excerpt(documents[row])}`);
  }
}
await embedder.close();

/** Vectors have length 1, so their dot product is the cosine of the angle between them. */
function bestMatches(query, rows) {
  const scores = Array.from(rows, (vector, row) => ({
    row,
    score: vector.reduce((sum, x, i) => sum + x * query[i], 0),
  }));
  return scores.sort((a, b) => b.score - a.score).slice(0, BEST);
}

function excerpt(document) {
  const text = document
    .replace(/^#.*\n/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 60 ? `${text.slice(0, 60).replace(/\s\S*$/, '')} …` : text;
}

function printRows(rows) {
  for (const [name, value] of rows) console.log(`${name.padEnd(11)}${value}`);
}

function perSecond(count) {
  return Math.round(count / elapsed).toLocaleString('en-US');
}

function seconds(since) {
  return (performance.now() - since) / 1000;
}
