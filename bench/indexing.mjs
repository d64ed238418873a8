/**
 * node bench/indexing.mjs [--bytes 20000000] [--parts 2] [--model …] [--only-pipeline]
 *
 * The corpus pipeline beside `embedder.stream` over the very chunks that it made, in turns, part by part; and the memory that it
 * takes. The corpus is made from a seed: text files of some kilobytes.
 */
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Embedder } from 'ovembed';
import { indexCorpus } from 'ovembed/text';
import { makeClass, makeCorpus } from './corpus.mjs';

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '20000000' },
    parts: { type: 'string', default: '2' },
    model: { type: 'string' },
    'only-pipeline': { type: 'boolean', default: false },
  },
});
const bytes = Number(values.bytes);
const parts = values['only-pipeline'] ? 1 : Number(values.parts);

const MEGABYTE = 1e6;
const SAMPLE_MS = 100;
const WARM_UP_TEXTS = 1_024;

const folder = mkdtempSync(join(tmpdir(), 'ovembed-indexing-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const embedder = await Embedder.load(values.model);
await embedder.embedDocuments(makeCorpus({ texts: WARM_UP_TEXTS, seed: 1 }));

const rounds = [];
for (let part = 0; part < parts; part++) {
  const source = join(folder, `source-${part}`);
  const written = writeDocuments(source, bytes / parts, part + 1);
  const sink = join(folder, `index-${part}`);
  const pipeline = await runPipeline(source, sink);
  const stream = values['only-pipeline'] ? undefined : await runStream(sink);
  rounds.push({ bytes: written, pipeline, stream });
  process.stderr.write(`${JSON.stringify(rounds.at(-1))}\n`);
}
await embedder.close();
print();

/** Files of one to eight documents, a paragraph each. */
function writeDocuments(target, size, seed) {
  mkdirSync(target, { recursive: true });
  let written = 0;
  for (let block = 0; written < size; block++) {
    const texts = makeClass({ name: 'documents', texts: 256, seed: seed * 10_000 + block });
    for (let at = 0, file = 0; at < texts.length && written < size; file++) {
      const count = 1 + ((block + file) % 8);
      const content = `${texts.slice(at, at + count).join('\n\n')}\n`;
      at += count;
      writeFileSync(join(target, `${String(block).padStart(5, '0')}-${file}.txt`), content);
      written += content.length;
    }
  }
  return written;
}

async function runPipeline(source, sink) {
  const samples = [];
  const timer = setInterval(() => samples.push(process.memoryUsage.rss()), SAMPLE_MS);
  const { tokens, chunks, documents, seconds, stages } = await indexCorpus(embedder, { source, sink });
  clearInterval(timer);
  const early = samples.slice(0, Math.max(1, Math.floor(samples.length / 5)));
  const memory = { rssPeakOfFirstFifth: Math.max(...early) / MEGABYTE, rssPeak: Math.max(...samples) / MEGABYTE };
  return { tokens, chunks, documents, seconds, ...memory, stages };
}

async function runStream(index) {
  async function* texts() {
    const lines = createInterface({ input: createReadStream(join(index, 'chunks.jsonl')), crlfDelay: Infinity });
    for await (const line of lines) yield JSON.parse(line).text;
  }
  const started = performance.now();
  let tokens = 0;
  for await (const item of embedder.stream(texts(), { inputType: 'document' })) tokens += item.tokens;
  return { tokens, seconds: (performance.now() - started) / 1000 };
}

function print() {
  const speed = (name) => {
    const runs = rounds.map((round) => round[name]);
    return sum(runs, 'tokens') / sum(runs, 'seconds');
  };
  const sum = (runs, name) => runs.reduce((total, run) => total + run[name], 0);
  const runs = rounds.map(({ pipeline }) => pipeline);
  const lines = [
    `${(rounds.reduce((total, round) => total + round.bytes, 0) / MEGABYTE).toFixed(1)} MB in ${parts} parts, ${embedder.info.model}`,
    `pipeline: ${Math.round(speed('pipeline'))} tokens/s, ${sum(runs, 'chunks')} chunks of ${sum(runs, 'documents')} files`,
    `memory: at most ${Math.round(Math.max(...runs.map(({ rssPeakOfFirstFifth: peak }) => peak)))} MB in the first fifth, ${Math.round(Math.max(...runs.map(({ rssPeak }) => rssPeak)))} MB in all`,
  ];
  if (!values['only-pipeline']) {
    lines.push(`stream over the same chunks: ${Math.round(speed('stream'))} tokens/s`);
    lines.push(`ratio: ${(speed('pipeline') / speed('stream')).toFixed(3)}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
