/** The page stage: pages for browsers, of lib/ to dist/; the modules of each script become one file. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from './paths.mjs';
import { stage } from './run.mjs';

/** By folder: its scripts, by the module that each begins with. What is no script is copied as it is. */
const PAGES = {
  'map/page': { page: 'main.ts' },
  'server/pages': { status: 'status.ts', docs: 'docs.ts' },
};

export async function buildPages() {
  for (const [folder, scripts] of Object.entries(PAGES)) await stage(`pages: ${folder}`, () => build(folder, scripts));
}

async function build(folder, scripts) {
  const source = join(ROOT, 'lib', folder);
  const target = join(ROOT, 'dist', folder);
  mkdirSync(target, { recursive: true });
  for (const [name, entry] of Object.entries(scripts)) {
    const file = join(target, `${name}.js`);
    const bundle = await rolldown({ input: join(source, entry), platform: 'browser', tsconfig: false });
    await bundle.write({ file, format: 'iife', minify: true });
    await bundle.close();
    // One may be put into a page as it is.
    if (/<\/script|<!--/i.test(readFileSync(file, 'utf8'))) throw new Error(`${file} would end itself.`);
  }
  const parts = readdirSync(source).filter((name) => /\.(html|css|svg)$/.test(name));
  for (const name of parts) copyFileSync(join(source, name), join(target, name));
}
