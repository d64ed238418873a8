/** What a user's project sees of the adapters: without the frameworks, and by its TypeScript with them. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project } from './project.js';
import { missing } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';

const PEERS = {
  langchain: '@langchain/core',
  llamaindex: '@llamaindex/core',
  chroma: 'chromadb',
  lancedb: '@lancedb/lancedb',
};

describe.skipIf(missing)('a project', () => {
  let project: Project;
  let bare: Project;
  beforeAll(async () => {
    project = await createProject();
    bare = await createProject({ without: Object.values(PEERS) });
  }, 400_000);
  afterAll(() => {
    project?.remove();
    bare?.remove();
  });

  test.each(Object.entries(PEERS))('without its package ovembed/%s says what to install', async (name, peer) => {
    const expected = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(`npm install ${peer}.`) };
    await expect(bare.import(`ovembed/${name}`)).rejects.toMatchObject(expected);
    let thrown: unknown;
    try {
      bare.require(`ovembed/${name}`);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject(expected);
  });

  test.each(['ai-sdk', 'openai', 'function'])('needs no package for ovembed/%s', async (name) => {
    const imported = await bare.import(`ovembed/${name}`);
    expect(
      Object.values(bare.require(`ovembed/${name}`)).every((value) => Object.values(imported).includes(value)),
    ).toBe(true);
  });

  const USE = `
    export const langchain: Embeddings = new OvembedEmbeddings({ embedder: {} as Embedder, maxRetries: 2 });
    new OvembedEmbeddings({ model: 'm', precision: 'f32' });
    // @ts-expect-error: an unknown option
    new OvembedEmbeddings({ model: 'm', precison: 'f32' });
    const index: BaseEmbedding = new OvembedEmbedding({ embedder: {} as RemoteEmbedder });
    const v3: EmbeddingModelV3 = ovEmbedding({ embedder: {} as Embedder });
    const chroma: EmbeddingFunction = new OvembedEmbeddingFunction({ model: 'm' });
    const lance: Promise<TextEmbeddingFunction> = Lance.create({ embedder: {} as Embedder });
    const vectors = async (client: OpenAI): Promise<number[][]> =>
      (await client.embeddings.create({ model: 'm', input: ['a'] })).data.map(({ embedding }) => embedding);
    const plain: (texts: string[]) => Promise<number[][]> = embedFunction({ embedder: {} as Embedder });
    export { chroma, index, lance, plain, v3, vectors };`;
  const IMPORTS = `
    import { Embedder, type RemoteEmbedder } from 'ovembed';
    import type { Embeddings } from '@langchain/core/embeddings';
    import { OvembedEmbeddings } from 'ovembed/langchain';
    import type { BaseEmbedding } from '@llamaindex/core/embeddings';
    import { OvembedEmbedding } from 'ovembed/llamaindex';
    import type { EmbeddingModelV3 } from '@ai-sdk/provider';
    import { ovEmbedding } from 'ovembed/ai-sdk';
    import type { EmbeddingFunction } from 'chromadb';
    import { OvembedEmbeddingFunction } from 'ovembed/chroma';
    import type { TextEmbeddingFunction } from '@lancedb/lancedb/embedding';
    import { OvembedEmbeddingFunction as Lance } from 'ovembed/lancedb';
    import { OpenAI } from 'ovembed/openai';
    import { embedFunction } from 'ovembed/function';`;
  /** In a module that is imported alone the SDK's own check: whether embedMany takes the model. */
  const ONLY_IMPORTED = `
    import OpenAiClient from 'ovembed/openai';
    import { embedMany } from 'ai';
    import { embedMany as embedManyBy7 } from 'ai-7';
    const v4 = ovEmbedding({ embedder: {} as Embedder, specificationVersion: 'v4' });
    export const many = [embedMany({ model: v3, values: [] }), embedManyBy7({ model: v3, values: [] })];
    export const manyBy7 = embedManyBy7({ model: v4, values: [] });
    export const named = new OpenAiClient({ models: [{ model: 'm' }] });`;

  const MODULES = [
    ['nodenext', 'nodenext'],
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ] as const;
  test.each(FULL ? MODULES : MODULES.slice(0, 1))('has their types with module %s', (module, moduleResolution) => {
    writeFileSync(join(project.folder, 'use.mts'), IMPORTS + USE + ONLY_IMPORTED);
    writeFileSync(join(project.folder, 'use.cts'), IMPORTS + USE);
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const files = module === 'esnext' ? ['use.mts'] : ['use.mts', 'use.cts'];
    const target = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom,esnext.disposable',
    ];
    const args = [
      tsc,
      ...target,
      '--types',
      'node',
      '--module',
      module,
      '--moduleResolution',
      moduleResolution,
      ...files,
    ];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: project.folder, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
