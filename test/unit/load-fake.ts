/** An Embedder over the fake addon, loaded the way real ones are. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Embedder } from '../../lib/embedder.js';
import { load, type System } from '../../lib/load.js';
import type { ModelSpec } from '../../lib/models/index.js';
import type { ModelSource } from '../../lib/native.js';
import type { LoadOptions } from '../../lib/options.js';
import { FakeWorld } from './fake-native.js';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A source of the fake model; its file is there, as its size is looked at. */
export function fakeSource(kind: ModelSource['kind']): ModelSpec['sources'][number] {
  const file = join(folder, kind);
  writeFileSync(file, 'weights');
  return { kind, file, files: [file] };
}

export const SPEC: ModelSpec = {
  folder,
  sources: [fakeSource('safetensors')],
  tokenizerFile: join(folder, 'tokenizer.json'),
  modelType: 'bert',
  pooling: ['MEAN'],
  includePrompt: true,
  modules: [],
  normalize: true,
  maxLength: 64,
  maxPositions: 0,
  doLowerCase: false,
  paddingSide: 'right',
  truncationSide: null,
  padTokenId: 0,
  tokenDimensions: 4,
  files: [],
  prompts: { query: 'q: ', document: '', title: 'title: ' },
  defaultPromptName: null,
  similarityFunction: null,
  truncateDim: null,
};

export function fakeSystem(world: FakeWorld, spec: Partial<ModelSpec> = {}): System {
  return {
    native: () => world.addon,
    resolveModel: async (model) => ({ folder, id: model, revision: 'abc' }),
    readModelFolder: async () => ({ ...SPEC, ...spec }),
    fingerprint: async (variant) => `fingerprint of ${variant.sources[0]?.kind}`,
    graphIdentity: async (variant) => `graph of ${variant.sources[0]?.kind}`,
    probeFirstLoad: async () => {},
    probeDevice: async () => {},
  };
}

/** A cache folder of its own, so that no test sees another's choices. */
export function freshCacheDir(): string {
  return mkdtempSync(join(folder, 'cache-'));
}

/** What keeps a load to one pipeline, no measurements and no second tries, unless a test is about these. */
const PLAIN: LoadOptions = { performance: 'throughput', batchTokens: 1_024, fallback: false };

export async function loadFake(
  world = new FakeWorld(),
  options: LoadOptions = {},
  spec: Partial<ModelSpec> = {},
  system: Partial<System> = {},
) {
  const given = { cacheDir: freshCacheDir(), ...PLAIN, ...options };
  const parts = await load('org/model', given, { ...fakeSystem(world, spec), ...system });
  return new Embedder(parts);
}
