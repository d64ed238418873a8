/** The graphs that are compiled for NPUs: tiny models of every architecture and the default model, as OpenVINO IR. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BUILD_OUTPUT, ROOT } from '../build/paths.mjs';
import { writeArchitectureModel } from '../models/architecture-model.mjs';

const FIXTURES = join(ROOT, 'test', 'fixtures', 'architectures');

/** What an IR holds: floating-point weights, which NPUs take as f16; int8 weights; int8 weights and activations. */
export const PRECISIONS = ['f16', 'int8', 'int8-static'];

/** Positions that every tiny model gets, so that the longest bucket fits. */
const POSITIONS = 512;

/**
 * @typedef {object} NpuModel
 * @property {string} name       of the fixture, or of the real model
 * @property {string} type       `model_type`
 * @property {Record<string, string>} files  precision → .xml
 */

const addon = () => createRequire(import.meta.url)(join(BUILD_OUTPUT, 'ovembed.node'));

/** Names of the configurations of test/fixtures/architectures. */
export function architectureNames() {
  return readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
}

/**
 * Writes a tiny model of a configuration in every precision.
 * @param {string} name    one of `architectureNames`
 * @param {string} folder  of all models
 * @returns {Promise<NpuModel>}
 */
export async function tinyModel(name, folder) {
  const fixture = withPositions(JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8')));
  const directory = join(folder, name);
  writeArchitectureModel(fixture, directory);
  const inputs = fixture.ids.map((row) => Uint32Array.from(row));
  return { name, type: fixture.config.model_type, files: await writeGraphs(directory, directory, inputs) };
}

/**
 * The same for a model of the user's, calibrated over texts.
 * @param {string} name
 * @param {string} model   its folder, with model.safetensors and tokenizer.json
 * @param {string} folder  of all models
 * @param {string[]} texts
 * @returns {Promise<NpuModel>}
 */
export async function realModel(name, model, folder, texts) {
  const { model_type: type } = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
  return { name, type, files: await writeGraphs(model, join(folder, name), texts) };
}

async function writeGraphs(model, directory, inputs) {
  mkdirSync(directory, { recursive: true });
  const { convertModel, loadTokenizer, quantizeModel } = addon();
  const source = { kind: 'safetensors', file: join(model, 'model.safetensors') };
  const files = Object.fromEntries(PRECISIONS.map((precision) => [precision, join(directory, `${precision}.xml`)]));
  for (const weights of ['f16', 'int8']) await convertModel({ source, weights, file: files[weights] });

  const tokenizer = await loadTokenizer({ file: join(model, 'tokenizer.json') });
  const encoding = await tokenizer.encode(inputs, { maxLength: 128, offsets: false, addSpecialTokens: true });
  const batches = [{ rows: Uint32Array.from(inputs.keys()), bucket: Math.max(...encoding.lengths) }];
  await quantizeModel({ source, encoding, batches, padTokenId: 0, file: files['int8-static'] });
  encoding.release();
  tokenizer.close();
  return files;
}

/** The fixture with a longer table of positions. Positions are computed or looked up; either way they have a limit. */
function withPositions({ config, tensors, ids }) {
  const grown = { ...config };
  let more = 0;
  for (const key of ['max_position_embeddings', 'n_positions', 'max_trained_positions']) {
    if (!(config[key] < POSITIONS)) continue;
    more = POSITIONS - Math.min(config[key], 64); // RoBERTa's 66 are for 64 tokens
    grown[key] = config[key] + more;
  }
  const grow = ([name, [rows, ...rest]]) => [
    name,
    [/position_embeddings\.weight$/.test(name) ? rows + more : rows, ...rest],
  ];
  return { config: grown, tensors: tensors.map(grow), ids };
}
