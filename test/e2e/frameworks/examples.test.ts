/** examples/rag-*.mjs, each with its framework: the same documents are found in all, and the prompt holds the answer. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChroma } from './chroma-server.js';
import { addFiles, createProject, type Project } from './project.js';
import { missing } from './support.js';

const EXAMPLES = ['rag-langchain.mjs', 'rag-llamaindex.mjs', 'rag-ai-sdk.mjs', 'rag-lancedb.mjs'];

describe.skipIf(missing)('examples', () => {
  let project: Project;
  beforeAll(async () => {
    project = await createProject();
    addFiles(project, 'examples', [...EXAMPLES, 'rag-chroma.mjs', 'documents']);
  }, 400_000);
  afterAll(() => project?.remove());
  const run = async (name: string, ...args: string[]) =>
    (await promisify(execFile)(process.execPath, [name, ...args], { cwd: project.folder })).stdout;

  test.each(EXAMPLES)('%s', async (name) => {
    const output = await run(name);
    expect(output).toMatch(/^sources: ebike-battery\.md\b/m);
    if (!/llamaindex/.test(name)) expect(output).toContain('The battery likes a cool room');
    if (!/lancedb/.test(name)) expect(output).toContain('answer: (a language model would answer here)');
  });

  test('rag-chroma.mjs', async () => {
    const server = await startChroma();
    try {
      expect(await run('rag-chroma.mjs', `127.0.0.1:${server.port}`)).toMatch(/^sources: ebike-battery\.md\b/m);
    } finally {
      await server.stop();
    }
  }, 300_000);

  test('there are no others', () => {
    const names = readdirSync(join(import.meta.dirname, '../../../examples'));
    expect(names.filter((name) => name.startsWith('rag-')).sort()).toEqual([...EXAMPLES, 'rag-chroma.mjs'].sort());
  });
});
