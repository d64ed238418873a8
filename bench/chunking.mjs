/**
 * What the way of cutting does to search: real Markdown documents (the manuals of packages that are installed here), and
 * questions whose answer stands in one section. A document's score is that of its best chunk; a section is found if a chunk
 * that holds most of it, or lies in it, is. Counts and times nothing, so the machine need not be idle.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Embedder } from 'ovembed';
import { Chunker } from 'ovembed/text';
import { globSync } from 'tinyglobby';
import { blocks } from '../dist/text/chunking/markdown/blocks.js';

const ROOT = join(import.meta.dirname, '..');
const K = 10;
const FEWEST_WORDS = 40;
const MOST_FILES = 40;
const MAX_TOKENS = 128;
const VARIANTS = {
  whole: null,
  fixed: { strategy: 'fixed' },
  sentence: { strategy: 'sentence' },
  'sentence, 32 repeated': { strategy: 'sentence', overlapTokens: 32 },
  recursive: { strategy: 'recursive' },
  markdown: { strategy: 'markdown', minTokens: 24 },
  semantic: { strategy: 'semantic' },
  'late, sentence': { strategy: 'sentence', late: true },
};

/** Headings are the questions: they are taken out of what is embedded, as spaces, so that offsets stay. */
const withoutHeadings = (text) => text.replace(/^ {0,3}#{1,6} .*$/gm, (line) => ' '.repeat(line.length));

const documents = globSync('node_modules/**/*.md', {
  cwd: ROOT,
  ignore: ['**/CHANGELOG*', '**/LICENSE*', '**/HISTORY*'],
})
  .sort()
  .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  .filter(
    (text, i, all) => text.isWellFormed() && text.length > 4_000 && text.length < 16_000 && all.indexOf(text) === i,
  )
  .slice(0, MOST_FILES);
const questions = documents.flatMap(questionsOf);
const embedder = await Embedder.load();
process.stderr.write(`${documents.length} documents, ${questions.length} questions\n`);
const asked = await embedder.embed(
  questions.map(({ text }) => text),
  { inputType: 'query' },
);
console.log(
  `| chunks of at most ${MAX_TOKENS} tokens | chunks | tokens | nDCG@${K} | recall@1 | recall@${K} | section found in ${K} chunks |`,
);
console.log('|---|---|---|---|---|---|---|');
for (const [name, options] of Object.entries(VARIANTS)) console.log(await measured(name, options));
await embedder.close();

/** Headings of sections are the questions; they are taken out of what is embedded, so that only what stands below them is found. */
function questionsOf(text, document) {
  const all = [...blocks(text)];
  const found = [];
  for (const [i, block] of all.entries()) {
    const next = all[i + 1];
    if (block.kind !== 'heading' || next?.kind !== 'text') continue;
    const end = all.slice(i + 1).find(({ kind }) => kind === 'heading')?.start ?? text.length;
    const first = text.slice(next.start, all[i + 2]?.start ?? text.length).trim();
    if (text.slice(next.start, end).split(/\s+/).length < FEWEST_WORDS || first.split(/\s+/).length < 6) continue;
    const title = block.title.replace(/[`*_[\]]/g, '');
    if (title.split(/\s+/).length < 2) continue;
    found.push({ text: title, document, start: block.start, end });
  }
  return found.slice(0, 4);
}

async function measured(name, options) {
  const chunks = [];
  for (const [document, text] of documents.entries()) {
    const pieces = options
      ? await chunksOf(text, options)
      : [{ text, start: 0, end: text.length, tokens: embedder.info.maxTokens }];
    chunks.push(...pieces.map((piece) => ({ ...piece, document })));
  }
  const vectors = options?.late ? await lateVectors(chunks) : await plainVectors(chunks);
  let [ndcg, first, recall, sections] = [0, 0, 0, 0];
  for (const [i, question] of questions.entries()) {
    const query = asked.at(i);
    const scores = chunks.map((_, row) => dot(query, vectors[row]));
    const order = scores.map((_, row) => row).sort((a, b) => scores[b] - scores[a]);
    const best = [...new Set(order.slice(0, 400).map((row) => chunks[row].document))];
    const rank = best.indexOf(question.document);
    if (rank >= 0 && rank < K) [ndcg, recall] = [ndcg + 1 / Math.log2(rank + 2), recall + 1];
    if (rank === 0) first++;
    if (order.slice(0, K).some((row) => liesIn(chunks[row], question))) sections++;
  }
  const share = (sum) => (sum / questions.length).toFixed(3);
  const tokens = chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
  return `| ${[name, chunks.length, tokens, share(ndcg), share(first), share(recall), options ? share(sections) : '–'].join(' | ')} |`;
}

function chunksOf(text, { late: _, ...options }) {
  return new Chunker(embedder, { maxTokens: MAX_TOKENS, ...options }).chunk(text);
}

async function plainVectors(chunks) {
  return [...(await embedder.embedDocuments(chunks.map(({ text }) => withoutHeadings(text))))];
}

/** Means of token vectors that have seen the document around the chunk, as far as the model reads at once. */
async function lateVectors(chunks) {
  const vectors = [];
  for (const [document, text] of documents.entries()) {
    const own = chunks.filter((chunk) => chunk.document === document);
    const [embedded] = await embedder.embedChunks([{ text: withoutHeadings(text), chunks: own }]);
    vectors.push(...embedded);
  }
  return vectors;
}

/** Whether more than half of a chunk is of the section. */
function liesIn(chunk, { document, start, end }) {
  const shared = Math.min(chunk.end, end) - Math.max(chunk.start, start);
  return chunk.document === document && shared > (chunk.end - chunk.start) / 2;
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
