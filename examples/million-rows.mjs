/**
 * node examples/million-rows.mjs [--rows 1000000] [--output vectors.npy | vectors.jsonl] [--input file.csv --column text]
 * A CSV in, vectors out, in constant memory: rows are read as fast as they are embedded, and embedded as fast as they are
 * written. Without --input the rows are made up on the way.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse';
import { Embedder } from 'ovembed';
import { writeNpy } from 'ovembed/vectors';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    output: { type: 'string', default: 'vectors.npy' },
    input: { type: 'string' },
    column: { type: 'string', default: 'text' },
  },
});
const { column, output } = values;
const source = values.input ? createReadStream(values.input) : Readable.from(madeUp(Number(values.rows)));
const rows = source.pipe(parse({ columns: true, bom: true }));
source.on('error', (error) => rows.destroy(error)); // pipe() does not

const embedder = await Embedder.load();
const start = performance.now();
let count = 0;
const report = setInterval(() => console.error(status()), 5000);
try {
  if (output.endsWith('.jsonl')) {
    await pipeline(
      Readable.from(linesOf(embedder.streamRecords(counted(), { text: column }))),
      createWriteStream(output),
    );
  } else {
    await writeNpy(output, embedder.stream(textsOf(counted())));
  }
} finally {
  clearInterval(report);
}
await embedder.close();
console.log(`${output}: ${status()}`);

async function* counted() {
  for await (const row of rows) {
    count++;
    yield row;
  }
}

async function* textsOf(records) {
  for await (const record of records) yield record[column];
}

/** A row with all its columns, and the vector in `embedding`. */
async function* linesOf(records) {
  for await (const { embedding, embeddingHash, ...row } of records) {
    yield `${JSON.stringify({ ...row, embedding: Array.from(embedding) })}\n`;
  }
}

function status() {
  const seconds = (performance.now() - start) / 1000;
  const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
  const perSecond = Math.round(count / seconds);
  return `${count.toLocaleString('en-US')} rows, ${perSecond.toLocaleString('en-US')} rows/s, ${megabytes} MB resident`;
}

function* madeUp(length) {
  const parts = ['chain', 'saddle', 'brake', 'tyre', 'pedal', 'lamp', 'fork', 'hub', 'spoke', 'bell'];
  const faults = ['squeaks', 'is loose', 'came back worn', 'was sold out', 'arrived late', 'fits well', 'has rusted'];
  yield 'id,text\n';
  for (let i = 0; i < length; i++) {
    yield `${i},"Order ${i}: the ${parts[i % parts.length]} ${faults[i % faults.length]}, says the customer."\n`;
  }
}
