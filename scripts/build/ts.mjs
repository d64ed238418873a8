/** The TypeScript stage: lib/ to dist/. */
import { chmodSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildPage } from './page.mjs';
import { ROOT } from './paths.mjs';
import { run, stage } from './run.mjs';

export async function buildTypeScript() {
  await stage('TypeScript', () => {
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    run(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.json')]);
    const cli = join(ROOT, 'dist', 'cli', 'main.js');
    if (existsSync(cli)) chmodSync(cli, 0o755); // npm does so on installing, but not for a run from the checkout
  });
  await buildPage();
}
