/** The programs of docs/frameworks.md, as they are there, in one process of a project that has the frameworks. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChroma } from './chroma-server.js';
import { createProject, type Project } from './project.js';
import { missing } from './support.js';

const page = readFileSync(join(import.meta.dirname, '../../../docs/frameworks.md'), 'utf8');
const programs = Array.from(page.matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code as string);

let project: Project;
let server: Awaited<ReturnType<typeof startChroma>>;
beforeAll(async () => {
  if (missing) return;
  project = await createProject();
  server = await startChroma();
}, 400_000);
afterAll(async () => {
  project?.remove();
  await server?.stop();
});

test.skipIf(missing)('the programs run, and find what they are asked for', async () => {
  const names = programs.map((program, i) => {
    const name = `program-${i}.mjs`;
    writeFileSync(join(project.folder, name), program.replace('port: 8000', `port: ${server.port}`));
    return name;
  });
  const all = names.map((name) => `console.log('--');\nawait import('./${name}');`).join('\n');
  writeFileSync(join(project.folder, 'all.mjs'), all);
  const { stdout } = await promisify(execFile)(process.execPath, ['all.mjs'], { cwd: project.folder });
  const [, langchain, llamaindex, aiSdk, chroma, lancedb, openai, plain] = stdout.split('--\n');
  expect(programs).toHaveLength(7);
  expect(langchain).toMatch(/^\[\n/);
  expect(llamaindex).toMatch(/^Oil the chain after rain\. 0\.\d+/);
  const [near, far] = JSON.parse(`[${aiSdk?.match(/0\.\d+(?:e-\d+)?/g)}]`);
  expect(near).toBeGreaterThan(2 * far);
  expect(chroma).toContain('Oil the chain after rain.');
  expect(lancedb).toContain('Oil the chain after rain.');
  expect(openai).toBe('384 6\ntrue 404 model_not_found model\n');
  expect(plain).toBe('384\n');
});

test('the table names the versions that are tested', () => {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../../frameworks/package.json'), 'utf8'));
  for (const version of Object.values<string>(dependencies)) {
    if (version !== dependencies['@llamaindex/env']) expect(page).toContain(version.replace('npm:ai@', ''));
  }
});
