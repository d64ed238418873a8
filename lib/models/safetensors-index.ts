/** `model.safetensors.index.json`: which of several files (shards) holds which tensor, as transformers writes it. */
import { basename, dirname } from 'node:path';
import { invalid, readJsonObject } from './json-file.js';

/** Shards are beside their index, so that no name leads anywhere else. */
const SHARD = /^[^/\\\0]+\.safetensors$/;

/**
 * The names of the shards, each once, in a fixed order.
 *
 * @param file absolute path of the index
 * @throws OvembedError `ERR_MODEL_INVALID` if it names no shards, or what is no file beside it
 */
export async function shardsOf(file: string): Promise<string[]> {
  const index = await readJsonObject(dirname(file), basename(file));
  const map = index?.object('weight_map');
  if (!map || map.keys.length === 0) throw invalid(`Expected "weight_map" in ${file} to name a file for each tensor.`);
  const names = new Set<string>();
  for (const tensor of map.keys) {
    const name = map.string(tensor);
    if (name === undefined || !SHARD.test(name)) {
      throw map.invalid(tensor, 'the name of a .safetensors file beside the index');
    }
    names.add(name);
  }
  return [...names].sort();
}
