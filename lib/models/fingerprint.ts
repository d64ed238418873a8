/** The name of a vector space: two models with one fingerprint give vectors that may be compared. */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { ovembedCacheDir } from '../cache-dir.js';
import type { VectorModule } from '../native.js';
import { sha256OfFile } from './hash.js';
import { HashMemo } from './hash-memo.js';
import type { ModelSpec } from './spec.js';
import { NETWORK_CONFIG } from './transformer.js';

/** Raised when the graphs that ovembed builds, or its pooling, change in what they compute. */
export const GRAPH_VERSION = 1;

/**
 * SHA-256 in hex over the weights (every file of the first source), tokenizer.json, config.json, each module's
 * configuration and weights, pooling, normalisation, prompts, maximum length, padding side and the graph version. The device and the
 * precision are not part of it.
 */
export async function fingerprint(spec: ModelSpec, options: HashOptions = {}): Promise<string> {
  const { pooling, modules, normalize, maxLength, paddingSide, prompts, defaultPromptName } = spec;
  const source = spec.sources[0] as ModelSpec['sources'][number];
  const fields = ['ovembed', String(GRAPH_VERSION), source.kind, ...(await hashWeights(source.files, options))];
  for (const file of [spec.tokenizerFile, ...spec.files]) {
    fields.push(basename(file), await sha256OfFile(file, options.signal));
  }
  fields.push(...(await hashModules(modules, options)));
  fields.push(pooling.join(' '), String(normalize), String(maxLength), paddingSide, defaultPromptName ?? '');
  for (const name of Object.keys(prompts).sort()) fields.push(name, prompts[name] as string);
  return hashFields(fields);
}

/**
 * Names the graph and the modules after it, by the first source: the same for all prompts, lengths and poolings, which are
 * applied outside of them. SHA-256 in hex over the weights, config.json, the modules and the graph version.
 */
export async function graphIdentity(spec: ModelSpec, options: HashOptions = {}): Promise<string> {
  const source = spec.sources[0] as ModelSpec['sources'][number];
  const network = join(dirname(spec.tokenizerFile), NETWORK_CONFIG);
  const weights = await hashWeights(source.files, options);
  return hashFields([
    'graph',
    String(GRAPH_VERSION),
    source.kind,
    ...weights,
    await sha256OfFile(network, options.signal),
    ...(await hashModules(spec.modules, options)),
  ]);
}

interface HashOptions {
  cacheDir?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What each module does, in order, wherever its weights are. */
async function hashModules(modules: readonly VectorModule[], options: HashOptions): Promise<string[]> {
  const fields: string[] = [];
  for (const module of modules) {
    if (module.type === 'normalize') {
      fields.push(module.type);
    } else {
      const { file, ...parameters } = module;
      fields.push(JSON.stringify(parameters), ...(await hashWeights([file], options)));
    }
  }
  return fields;
}

async function hashWeights(files: readonly string[], { cacheDir, signal }: HashOptions): Promise<string[]> {
  const memo = new HashMemo(ovembedCacheDir(cacheDir));
  const hashes: string[] = [];
  for (const file of files) hashes.push(await memo.sha256(file, signal));
  return hashes;
}

/** Length-prefixed, so that no two lists of fields give the same bytes. */
function hashFields(fields: readonly string[]): string {
  const hash = createHash('sha256').update(`${fields.length};`);
  for (const field of fields) hash.update(`${Buffer.byteLength(field)}:`).update(field);
  return hash.digest('hex');
}
