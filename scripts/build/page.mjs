/** The page stage: the parts of the map's page, of lib/map/page to dist/map/page; its modules become one script. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from './paths.mjs';
import { stage } from './run.mjs';

export async function buildPage() {
  await stage('page of maps', async () => {
    const source = join(ROOT, 'lib', 'map', 'page');
    const target = join(ROOT, 'dist', 'map', 'page');
    const script = join(target, 'page.js');
    mkdirSync(target, { recursive: true });
    const bundle = await rolldown({ input: join(source, 'main.ts'), platform: 'browser', tsconfig: false });
    await bundle.write({ file: script, format: 'iife', minify: true });
    await bundle.close();
    // It is put into the page as it is.
    if (/<\/script|<!--/i.test(readFileSync(script, 'utf8')))
      throw new Error('The script of the page would end itself.');
    for (const name of ['page.html', 'page.css']) copyFileSync(join(source, name), join(target, name));
  });
}
