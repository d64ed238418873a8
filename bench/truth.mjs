/** The vectors that a contestant's are compared with. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCorpus } from './corpus.mjs';

const ORACLE = join(import.meta.dirname, '..', 'test', 'fixtures', 'oracle', 'all-MiniLM-L6-v2');

/**
 * Texts and, for the model that the tests have an oracle of, their vectors by sentence-transformers in f32. For any other
 * model `vectors` is null, and ovembed in f32 is what the others are compared with.
 * @param {string} weightsHash SHA-256 of model.safetensors
 * @param {{ count: number, seed: number }} options
 * @returns {Promise<{ source: string, texts: string[], vectors: Float32Array[] | null }>}
 */
export async function loadTruth(weightsHash, { count, seed }) {
  const { weights_sha256: oracleWeights } = await readJson('meta.json');
  if (weightsHash !== oracleWeights) {
    return { source: 'ovembed f32', texts: makeCorpus({ texts: count, seed }).slice(0, count), vectors: null };
  }
  const texts = await readJson('texts.json');
  const vectors = parseNpy(await readFile(join(ORACLE, 'embeddings.npy')));
  if (texts.length !== vectors.length)
    throw new Error(`The oracle has ${texts.length} texts, ${vectors.length} vectors.`);
  const chosen = spread(ordinaryTexts(texts), count);
  return {
    source: 'sentence-transformers f32',
    texts: chosen.map((index) => texts[index]),
    vectors: chosen.map((index) => vectors[index]),
  };
}

/** Indices of texts with something in them. What libraries make of empty or ill-formed text is no matter of precision. */
function ordinaryTexts(texts) {
  return [...texts.keys()].filter((index) => texts[index].trim() !== '' && texts[index].isWellFormed());
}

/** At most `count` items, evenly spread. */
function spread(items, count) {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => items[Math.floor(i * step)]);
}

/**
 * Rows of a two-dimensional little-endian f32 array in NumPy's format, versions 1 to 3.
 * @param {Buffer} bytes
 */
export function parseNpy(bytes) {
  const wideLength = bytes[6] > 1;
  const headerStart = wideLength ? 12 : 10;
  const headerLength = wideLength ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', headerStart, headerStart + headerLength);
  const shape = header.match(/'shape': \((\d+), (\d+)\)/);
  if (!shape || !header.includes("'<f4'") || !header.includes("'fortran_order': False")) {
    throw new Error(`Expected a row-major f32 matrix, found ${header.trim()}`);
  }
  const [rows, columns] = shape.slice(1).map(Number);
  const data = bytes.subarray(headerStart + headerLength);
  const values = Float32Array.from({ length: rows * columns }, (_, i) => data.readFloatLE(i * 4));
  return Array.from({ length: rows }, (_, row) => values.subarray(row * columns, (row + 1) * columns));
}

async function readJson(name) {
  return JSON.parse(await readFile(join(ORACLE, name), 'utf8'));
}
