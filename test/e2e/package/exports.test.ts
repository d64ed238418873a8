/** One module instance for require and import, and types that resolve however the user's TypeScript resolves modules. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** A user's project with ovembed installed. */
const project = mkdtempSync(join(tmpdir(), 'ovembed-project-'));
mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
writeFileSync(join(project, 'package.json'), '{"name":"project","private":true}');
symlinkSync(ROOT, join(project, 'node_modules/ovembed'), 'junction');
for (const name of ['@types/node', 'undici-types']) {
  symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name), 'junction');
}
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('require and import', () => {
  test('give the same classes, and an error of one is an instance of the other', () => {
    const program = `
      import { createRequire } from 'node:module';
      import * as imported from 'ovembed';
      const required = createRequire(import.meta.url)('ovembed');
      const error = await imported.Embedder.load('./none').catch((error) => error);
      const names = Object.keys(required).sort();
      console.log(JSON.stringify({
        names,
        same: names.every((name) => required[name] === imported[name]),
        importedLacks: names.filter((name) => !(name in imported)),
        instance: error instanceof required.OvembedError && error instanceof imported.OvembedError,
        code: error.code,
      }));`;
    writeFileSync(join(project, 'program.mjs'), program);
    const output = execFileSync(process.execPath, ['program.mjs'], { cwd: project, encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({
      names: ['DEFAULT_MODEL', 'ERROR_CODES', 'Embedder', 'EmbeddingStream', 'Embeddings', 'OvembedError', 'Ranges'],
      same: true,
      importedLacks: [],
      instance: true,
      code: 'ERR_MODEL_NOT_FOUND',
    });
  });

  test('of ovembed/cache give the levels, and an error of one is an instance of the others', () => {
    const program = `
      import { createRequire } from 'node:module';
      import { OvembedError } from 'ovembed';
      import * as imported from 'ovembed/cache';
      const required = createRequire(import.meta.url)('ovembed/cache');
      const names = Object.keys(required).sort();
      let error;
      try { new imported.DiskLevel({ path: 'x', maxBytes: 1 }); } catch (thrown) { error = thrown; }
      const level = new imported.MemoryLevel();
      level.set([{ key: 'k', record: Uint8Array.of(1) }]);
      console.log(JSON.stringify({
        names,
        same: names.every((name) => required[name] === imported[name]),
        instance: error instanceof OvembedError,
        kept: level.get(['k', 'other']),
      }));`;
    writeFileSync(join(project, 'cache.mjs'), program);
    const output = execFileSync(process.execPath, ['cache.mjs'], { cwd: project, encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({
      names: ['DiskLevel', 'MemoryLevel', 'RedisLevel'],
      same: true,
      instance: true,
      kept: [{ 0: 1 }, null],
    });
  });

  test('load no addon and start nothing by themselves', () => {
    const program = `require('ovembed'); console.log(process.report.getReport().sharedObjects.join('\\n'))`;
    const output = execFileSync(process.execPath, ['-e', program], { cwd: project, encoding: 'utf8' });
    expect(output).toContain('libc');
    expect(output).not.toMatch(/ovembed\.node|openvino/);
  });
});

describe('ovembed/vectors', () => {
  // Packages that are imported somewhere would be missed; those that are required are seen in the cache.
  test.each([
    ['import', "await import('ovembed/vectors')"],
    ['require', "require('ovembed/vectors')"],
  ])('by %s loads no addon and none of the optional packages', (_, load) => {
    const program = `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const { dot, writeArrow } = ${load};
      if (dot([1, 2], [3, 4]) !== 11 || !writeArrow) throw new Error('not loaded');
      console.log(process.report.getReport().sharedObjects.concat(Object.keys(require.cache)).join('\\n'));`;
    writeFileSync(join(project, 'vectors.mjs'), program);
    const args = ['--import', pathToFileURL(join(ROOT, 'test/no-peers.mjs')).href, 'vectors.mjs'];
    const output = execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
    expect(output).toContain('libc');
    expect(output).toMatch(/dist.vectors.index\.js/);
    expect(output).not.toMatch(/ovembed\.node|openvino|apache-arrow|hyparquet/);
  });
});

describe('types', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const USE = `
    const load = async (): Promise<number> => {
      const options: LoadOptions = { precision: 'f32' };
      const embedder = await Embedder.load('folder', options);
      const { data }: Embeddings = await embedder.embedDocuments(['a', Uint32Array.of(1, 2)]);
      for await (const { index, embedding } of embedder.stream(['a'])) data.set(embedding, index);
      return data.length;
    };
    // @ts-expect-error: an unknown option is an error of its type too
    void Embedder.load('folder', { precison: 'f32' });
    export const result = load();`;
  const NAMES = '{ Embedder, type Embeddings, type LoadOptions }';
  const sources = {
    'import.mts': `import ${NAMES} from 'ovembed';${USE}`,
    'import.cts': `import ${NAMES} from 'ovembed';${USE}`,
    'require.cts': `import ovembed = require('ovembed');
      import Embedder = ovembed.Embedder;
      type Embeddings = ovembed.Embeddings;
      type LoadOptions = ovembed.LoadOptions;${USE}`,
  };
  const LEVEL = `
    export class Mine implements CacheLevel {
      readonly name = 'mine';
      readonly memory = new MemoryLevel({ maxEntries: 10 });
      get(keys: readonly string[]) { return this.memory.get(keys); }
      set(writes: readonly CacheWrite[]) { this.memory.set(writes); }
      delete(keys: readonly string[]) { this.memory.delete(keys); }
      clear() { this.memory.clear(); }
    }`;
  Object.assign(sources, {
    'level.mts': `import { type CacheLevel, type CacheWrite, MemoryLevel } from 'ovembed/cache';${LEVEL}`,
    'level.cts': `import { type CacheLevel, type CacheWrite, MemoryLevel } from 'ovembed/cache';${LEVEL}`,
  });
  const TEXT = `
    export const cleaned: CleanedText = clean('<p>a</p>', { html: true });
    export const chunks = (embedder: ChunkEmbedder): Promise<Chunk[]> => new Chunker(embedder).chunk(cleaned.text);`;
  const TEXT_NAMES = '{ type Chunk, Chunker, type ChunkEmbedder, type CleanedText, clean }';
  Object.assign(sources, {
    'text.mts': `import ${TEXT_NAMES} from 'ovembed/text';${TEXT}`,
    'text.cts': `import ${TEXT_NAMES} from 'ovembed/text';${TEXT}`,
  });
  // Those that need no package; the others are checked beside theirs (test/e2e/frameworks/package.test.ts).
  const ADAPTERS = `
    import { ovEmbedding, type OvembedModel } from 'ovembed/ai-sdk';
    import { embedFunction } from 'ovembed/function';
    import { OpenAI } from 'ovembed/openai';
    export const model: OvembedModel<'v4'> = ovEmbedding({ model: 'm', specificationVersion: 'v4' });
    export const embed: (texts: string[]) => Promise<number[][]> = embedFunction({ model: 'm' });
    export const client = new OpenAI({ models: [{ model: 'm', aliases: ['n'] }] });`;
  Object.assign(sources, { 'adapters.mts': ADAPTERS, 'adapters.cts': ADAPTERS });
  const JOBS = `
    const options: SubmitOptions = { source: 'docs', sink: 'index' };
    export const submit = async (embedder: Embedder): Promise<string | undefined> => {
      const jobs = await CorpusJobs.connect();
      const { jobId } = await jobs.submit(embedder, options);
      return (await jobs.work(jobId, embedder)).manifest?.sink;
    };`;
  const JOBS_IMPORTS = `import type { Embedder } from 'ovembed'; import { CorpusJobs, type SubmitOptions } from 'ovembed/jobs';`;
  Object.assign(sources, { 'jobs.mts': `${JOBS_IMPORTS}${JOBS}`, 'jobs.cts': `${JOBS_IMPORTS}${JOBS}` });
  for (const [name, source] of Object.entries(sources)) writeFileSync(join(project, name), source);

  const check = (module: string, moduleResolution: string, files: string[], ...more: string[]) => {
    const target = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022,esnext.disposable',
      '--types',
      'node',
    ];
    const args = [tsc, ...target, '--module', module, '--moduleResolution', moduleResolution, ...more, ...files];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
    return { status, stdout };
  };

  test.each([
    ['node16', 'node16', Object.keys(sources)],
    ['nodenext', 'nodenext', Object.keys(sources)],
    ['esnext', 'bundler', ['import.mts']],
    ['preserve', 'bundler', ['import.mts', 'require.cts']],
  ])('with module %s and moduleResolution %s', (module, moduleResolution, files) => {
    expect(check(module, moduleResolution, files)).toEqual({ status: 0, stdout: '' });
  });

  test('need no package that is optional', () => {
    const modules = ['', '/text', '/vectors', '/cache', '/ai-sdk', '/openai', '/function'];
    const exported = modules.map((name, i) => `export * as m${i} from 'parts${name}';`);
    // A link of dist/ that is not followed: in the repository the packages would be found.
    const parts = join(project, 'node_modules/parts');
    mkdirSync(parts);
    copyFileSync(join(ROOT, 'package.json'), join(parts, 'package.json'));
    symlinkSync(join(ROOT, 'dist'), join(parts, 'dist'), 'junction');
    writeFileSync(join(project, 'every.mts'), exported.join('\n'));
    expect(check('nodenext', 'nodenext', ['every.mts'], '--preserveSymlinks')).toEqual({ status: 0, stdout: '' });
  });
});
