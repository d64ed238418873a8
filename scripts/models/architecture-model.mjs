/**
 * Tiny models of every architecture with random weights, written from what make_architectures.py noted down: config.json and
 * the names and shapes of the tensors as transformers saves them. Pure Node and deterministic, so no weights are kept.
 *
 *     node scripts/models/architecture-model.mjs FIXTURE.json DIRECTORY
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { uniform } from './random.mjs';
import { encodeSafetensors } from './safetensors.mjs';
import { tokenizerConfig, tokenizerJson } from './tiny-tokenizer.mjs';

/** Bits of an f32's significand, the implicit one counted. */
const SIGNIFICAND_BITS = 24;

/**
 * @typedef {object} ArchitectureFixture
 * @property {Record<string, unknown>} config  content of config.json
 * @property {[name: string, shape: number[]][]} tensors  of model.safetensors
 * @property {number[][]} ids  the texts, as token ids
 */

/**
 * Writes a model folder.
 * @param {ArchitectureFixture} fixture
 * @param {string} directory
 */
export function writeArchitectureModel({ config, tensors }, directory) {
  mkdirSync(directory, { recursive: true });
  const files = {
    'config.json': config,
    'tokenizer.json': tokenizerJson(),
    'tokenizer_config.json': tokenizerConfig({ modelMaxLength: null, paddingSide: 'right' }),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), JSON.stringify(content));
  const weights = tensors.map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = uniform(name, count, scaleOf(name, shape), SIGNIFICAND_BITS);
    return { name, dtype: 'F32', shape, values };
  });
  writeFileSync(join(directory, 'model.safetensors'), encodeSafetensors(weights));
}

/** Powers of two that keep values of all layers about as large as those of the first, so that no part is lost in another. */
function scaleOf(name, shape) {
  const isVector = shape.length === 1;
  if (isVector) return name.endsWith('.bias') ? 0.25 : 2;
  if (/embed|shared/i.test(name)) return 1;
  const inputs = shape[shape.length - 1];
  return 2 ** Math.round(Math.log2(Math.sqrt(6 / inputs)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file, directory] = process.argv.slice(2);
  if (!file || !directory) throw new Error('usage: node scripts/models/architecture-model.mjs FIXTURE.json DIRECTORY');
  writeArchitectureModel(JSON.parse(readFileSync(file, 'utf8')), directory);
}
