/**
 * What element types and cuts of vectors cost in search. It counts and times nothing, so the machine need not be idle.
 *
 * Everything is done by the public interface. The reference is the exact search in float32 vectors of the same texts.
 */
import { parseArgs } from 'node:util';
import { Embedder } from 'ovembed';
import { bytesPerRow, FlatIndex, quantize, searchTwoStep } from 'ovembed/vectors';
import { describeMachine } from './machine.mjs';
import { retrievalSet } from './wordnet.mjs';

const K = 10;
const RESCORED = [
  { dtype: 'int8', rescoreMultiplier: 4 },
  { dtype: 'float32', rescoreMultiplier: 4 },
  { dtype: 'float32', rescoreMultiplier: 10 },
];
const CALIBRATION_TEXTS = 1_000;
/** Vectors that are compared with what the embedder itself gives in this form. */
const CHECKED = 64;
const CUTS = [256, 192, 128, 64];

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    documents: { type: 'string', default: '20000' },
    queries: { type: 'string', default: '1000' },
  },
});

const set = retrievalSet({ documents: Number(values.documents), queries: Number(values.queries) });
const embedder = await Embedder.load(values.model);
process.stderr.write(`${set.documents.length} documents, ${set.queries.length} queries …\n`);
const documents = await embedder.embedDocuments(set.documents);
const queries = await embedder.embed(
  set.queries.map(({ text }) => text),
  { inputType: 'query' },
);

const rows = [];
let reference;
for (const dimensions of [embedder.info.dimensions, ...CUTS]) await measureWidth(dimensions);
print();
await embedder.close();

/** All variants of one width; the first width is the whole one, whose float32 the others are compared with. */
async function measureWidth(dimensions) {
  const isCut = dimensions < embedder.info.dimensions;
  const options = { dimensions };
  const vectors = cut(documents, dimensions);
  const asked = cut(queries, dimensions);
  const ranges = await embedder.calibrate(set.documents.slice(0, CALIBRATION_TEXTS), options);
  const dtypes = isCut
    ? ['float32', 'int8', 'ubinary']
    : ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'ubinary'];
  const indexes = {};
  for (const dtype of dtypes) {
    const index = await indexOf(vectors, dtype, ranges);
    const bytes = bytesPerRow(dtype, dimensions);
    record({ dimensions, name: nameOf(dtype), bytes: `${bytes}` }, await index.search(asked, { k: K }));
    indexes[dtype] = { index, bytes };
  }
  for (const { dtype, rescoreMultiplier } of isCut ? [] : RESCORED) {
    const [first, second] = [indexes.ubinary, indexes[dtype]];
    const found = await searchTwoStep(first.index, second.index, asked, { k: K, rescoreMultiplier });
    const name = `binary, ${rescoreMultiplier * K} rescored in ${dtype}`;
    record({ dimensions, name, bytes: `${first.bytes} + ${second.bytes}` }, found);
  }
  for (const { index } of Object.values(indexes)) index.close();
}

async function indexOf(vectors, dtype, ranges) {
  const { dimensions } = vectors;
  const converted = dtype === 'float32' ? vectors : await quantize(vectors, dtype, { ranges });
  await checkForm(converted, ranges);
  const withRanges = dtype === 'int8' || dtype === 'uint8' ? { ranges } : {};
  const index = new FlatIndex({ dimensions, dtype, ...withRanges });
  await index.add(converted);
  return index;
}

/**
 * One pass of the model serves all variants; this makes sure that they are what a call with these options would have given.
 * @throws Error if they are not
 */
async function checkForm({ data, dtype, dimensions, length }, ranges) {
  const texts = set.documents.slice(0, CHECKED);
  const own = await embedder.embedDocuments(texts, { dtype, dimensions, ranges });
  const made = data.subarray(0, (data.length / length) * texts.length);
  // The length of a cut vector is summed in another order here, which may be a step more or less.
  const isCut = dimensions < embedder.info.dimensions;
  const tolerance = !isCut || dtype === 'ubinary' ? 0 : dtype === 'float32' ? 1e-6 : 1;
  const differs = made.findIndex((value, i) => !(Math.abs(value - own.data[i]) <= tolerance));
  if (differs >= 0)
    throw new Error(`${dtype} of ${dimensions}: element ${differs} is ${own.data[differs]}, not ${made[differs]}`);
}

/** The first dimensions of each vector, at length 1 again: what the option `dimensions` gives. */
function cut(vectors, dimensions) {
  if (dimensions === vectors.dimensions) return vectors;
  const data = new Float32Array(vectors.length * dimensions);
  for (let row = 0; row < vectors.length; row++) {
    const part = vectors.at(row).subarray(0, dimensions);
    const norm = Math.hypot(...part);
    data.set(
      part.map((value) => value / norm),
      row * dimensions,
    );
  }
  return { data, length: vectors.length, dimensions, dtype: 'float32' };
}

function nameOf(dtype) {
  return dtype === 'ubinary' ? 'binary' : dtype;
}

function record(variant, { indices }) {
  reference ??= indices;
  const total = set.queries.length;
  let [shared, hits] = [0, 0];
  for (let query = 0; query < total; query++) {
    const [found, best] = [indices, reference].map((all) => all.subarray(query * K, (query + 1) * K));
    shared += found.filter((row) => best.includes(row)).length;
    hits += found.includes(set.queries[query].label) ? 1 : 0;
  }
  rows.push({ ...variant, recall: shared / (total * K), hit: hits / total });
}

function print() {
  const { model, precision } = embedder.info;
  const { cpu, cores } = describeMachine();
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `${model} at ${precision}, ${set.documents.length} documents, ${set.queries.length} queries, ` +
      `${CALIBRATION_TEXTS} texts to calibrate; ${cores} cores of ${cpu}, ${date}.\n`,
  );
  console.log(`| dimensions | element type | bytes | recall@${K} | hit@${K} | of float32's |`);
  console.log('|---|---|---|---|---|---|');
  for (const { dimensions, name, bytes, recall, hit } of rows) {
    const ratio = hit / rows[0].hit;
    console.log(
      `| ${dimensions} | ${name} | ${bytes} | ${recall.toFixed(3)} | ${hit.toFixed(3)} | ${ratio.toFixed(3)} |`,
    );
  }
}
